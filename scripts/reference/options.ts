/** Owns the reference of options: what an editor shows of each, door by door. */

import { type Option, optionsIn } from '../documented.ts'
import { packages, ROOT } from '../packages.ts'

const HEAD = `# Options

The options of every public function, with their types and defaults, as an editor shows them. A function refuses an option that it does not
know, and tells all that is wrong at once. Durations are milliseconds, or texts such as \`'250ms'\`, \`'30s'\`, \`'5m'\`, \`'2h'\` and \`'3d'\`; a text holds a
number and one unit. A rate is \`'10/s'\`, \`'10/m'\` or \`'10/h'\`.`

/** All options of all doors. */
export const everyOption = (): readonly Option[] =>
  optionsIn(
    ROOT,
    'tsconfig.json',
    packages.flatMap(({ folder, entries }) => entries.map((entry) => `${folder}/${entry.slice(2)}`)),
  )

export function optionsReference(options: readonly Option[]): string {
  const doors = packages.flatMap(({ folder, entries, specifiers }) =>
    entries.map((entry, n) => ({ file: `${folder}/${entry.slice(2)}`, specifier: specifiers[n] ?? '' })),
  )
  const sections = doors.flatMap(({ file, specifier }) => {
    const types = Map.groupBy(
      options.filter((option) => option.file === file),
      ({ of }) => of,
    )
    return types.size === 0
      ? []
      : [`## ${specifier}`, ...[...types].map(([type, fields]) => sectionOf(type, fields))]
  })
  return [HEAD, ...sections].join('\n\n')
}

export function sectionOf(type: string, options: readonly Option[]): string {
  const rows = options.map(
    ({ name, type: of, isOptional, comment, standard }) =>
      `| \`${name}\` | ${cell(`\`${shortened(of)}\``)} | ${isOptional ? cell(standard ?? 'none') : 'required'} | ${cell(comment)} |`,
  )
  return [`### ${type}`, '', '| option | type | default | what it is |', '|---|---|---|---|', ...rows].join(
    '\n',
  )
}

/** A type that fills the page says less than its beginning. */
const LONGEST = 90

/** As the type checker spells them out; the head of the document says what they are. */
const DURATION = /number \| `\$\{number\}d`.*?`\$\{number\}s`/
const RATE = /`\$\{number\}\/h` \| `\$\{number\}\/m` \| `\$\{number\}\/s`/

const shortened = (type: string): string => {
  const plain = type
    .replaceAll('readonly ', '')
    .replace(/\s+/g, ' ')
    .replace(DURATION, 'Duration')
    .replace(RATE, 'Rate')
  return plain.length <= LONGEST ? plain : `${plain.slice(0, LONGEST - 1)}…`
}

/** Links of doc comments lead nowhere in a table. */
const cell = (text: string): string =>
  text
    .replace(/\{@link ([\w.]+)\}/g, '`$1`')
    .replaceAll('|', '\\|')
    .replace(/\s*\n\s*/g, ' ')
