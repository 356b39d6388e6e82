/** Owns the options in the packages' READMEs: those of the reference, between two marks. */

import { readFileSync } from 'node:fs'
import type { Option } from '../documented.ts'
import type { Package } from '../packages.ts'
import { sectionOf } from './options.ts'

const BEGIN = '<!-- options: made by `npm run reference` -->'
const END = '<!-- end of options -->'

/** A type that several doors of a package export stands there once. */
export function readmeWithOptions(
  { name, folder }: Package,
  options: readonly Option[],
): { file: string; text: string } {
  const file = `packages/${name}/README.md`
  const text = readFileSync(`${folder}/README.md`, 'utf8')
  const [from, to] = [text.indexOf(BEGIN), text.indexOf(END)]
  if (from === -1 || to < from) throw new Error(`${file} has no '${BEGIN}' and '${END}' behind it`)
  const own = options.filter((option) => option.file.startsWith(`${folder}/`))
  const types = Map.groupBy(own, ({ of }) => of)
  const sections = [...types].map(([type, fields]) => {
    const [first] = fields
    return sectionOf(
      type,
      fields.filter(({ file }) => file === first?.file),
    )
  })
  return { file, text: `${text.slice(0, from)}${BEGIN}\n\n${sections.join('\n\n')}\n\n${text.slice(to)}` }
}
