/** Owns the list of generated references: `npm run reference` writes them, and a test holds them to what they are made of. */

import { packages, ROOT } from '../packages.ts'
import { errorsReference } from './errors.ts'
import { logReference } from './log.ts'
import { everyOption, optionsReference } from './options.ts'
import { readmeWithOptions } from './readmes.ts'
import { keysReference } from './state-keys.ts'

export interface Reference {
  /** From the repository's folder. */
  readonly file: string
  readonly text: string
}

const NOTE = '<!-- Made by `npm run reference`: change what it is made of, not this file. -->'

export function references(): readonly Reference[] {
  const options = everyOption()
  const made = Object.entries({
    options: optionsReference(options),
    errors: errorsReference(),
    'state-keys': keysReference(ROOT),
    'log-fields': logReference(ROOT),
  }).map(([name, text]) => ({ file: `docs/reference/${name}.md`, text: `${NOTE}\n\n${text.trim()}\n` }))
  // A package that is a command has no options of functions.
  const readmes = packages.filter(({ entries }) => entries.length > 0)
  return [...made, ...readmes.map((one) => readmeWithOptions(one, options))]
}
