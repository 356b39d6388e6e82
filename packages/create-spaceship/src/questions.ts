/** Owns the questions to a person on a terminal, each with a default. What a flag says is not asked. */

import { cancel, intro, isCancel, select, text } from '@clack/prompts'
import { present, type TemplateName, templateOf } from './templates.ts'

export interface Answers {
  readonly folder: string
  readonly template: TemplateName
}

/** @returns undefined if the person has given up */
export async function ask(known: {
  readonly folder: string | undefined
  readonly template: TemplateName | undefined
  /** The default folder. */
  readonly standard: string
}): Promise<Answers | undefined> {
  intro('A new Spaceship project')
  const { standard } = known
  const folder =
    known.folder ?? (await text({ message: 'Where to?', placeholder: standard, defaultValue: standard }))
  if (isCancel(folder)) return givenUp()
  const template =
    known.template ??
    (await select<TemplateName>({
      message: 'What to begin with?',
      initialValue: 'minimal',
      options: present().map((name) => ({ value: name, label: name, hint: templateOf(name).summary })),
    }))
  return isCancel(template) ? givenUp() : { folder, template }
}

function givenUp(): undefined {
  cancel('nothing was made')
}
