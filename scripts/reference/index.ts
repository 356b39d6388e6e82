/** Owns the list of generated references: `npm run reference` writes them, and a test holds them to what they are made of. */

import { ROOT } from '../packages.ts'
import { errorsReference } from './errors.ts'
import { logReference } from './log.ts'
import { optionsReference } from './options.ts'
import { keysReference } from './state-keys.ts'

export interface Reference {
  /** From the repository's folder. */
  readonly file: string
  readonly text: string
}

const NOTE = '<!-- Made by `npm run reference`: change what it is made of, not this file. -->'

export const references = (): readonly Reference[] =>
  Object.entries({
    options: optionsReference(ROOT),
    errors: errorsReference(),
    'state-keys': keysReference(ROOT),
    'log-fields': logReference(ROOT),
  }).map(([name, text]) => ({ file: `docs/reference/${name}.md`, text: `${NOTE}\n\n${text.trim()}\n` }))
