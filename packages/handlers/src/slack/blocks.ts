/**
 * Owns what Slack takes of blocks: texts are cut to what their place takes, between characters as people see them; what cannot be cut is
 * refused before it is sent.
 *
 * | place                                   | characters | | what                      | at most |
 * |-----------------------------------------|------------|-|---------------------------|---------|
 * | text of a section                       | 3,000      | | blocks of a message       | 50      |
 * | a field of a section                    | 2,000      | | fields of a section       | 10      |
 * | header                                  | 150        | | elements of a context     | 10      |
 * | element of a context                    | 3,000      | | characters of all blocks  | 13,200  |
 *
 * https://docs.slack.dev/reference/block-kit/blocks, and for the sum https://github.com/slackapi/bolt-js/issues/2509
 */

import { Permanent } from '@spaceship/core'
import { readyText, type SlackText } from './text.ts'

/** A text within a block. */
export interface BlockText {
  readonly type: 'mrkdwn' | 'plain_text'
  readonly text: SlackText
  readonly emoji?: boolean
}

/** A block, as Slack's Block Kit has it. Texts in it are escaped, and cut to what their place takes. */
export interface Block {
  readonly type: string
  readonly [field: string]: unknown
}

const MOST = { blocks: 50, fields: 10, elements: 10, characters: 13_200 }
const LONGEST: Readonly<Record<string, number>> = { header: 150, section: 3_000, context: 3_000 }
const LONGEST_FIELD = 2_000

/** @throws Permanent for more than Slack takes, with what there is too much of */
export function readyBlocks(blocks: readonly Block[], escapes: boolean): readonly object[] {
  if (blocks.length > MOST.blocks) throw tooMuch(`${blocks.length} blocks`, `${MOST.blocks} of a message`)
  let characters = 0

  function ready(text: unknown, longest: number): unknown {
    if (!isText(text)) return text
    const cut = readyText(text.text, escapes && text.type === 'mrkdwn', longest)
    characters += cut.length
    return { ...text, text: cut }
  }

  const all = blocks.map((block, n) => {
    const longest = LONGEST[block.type] ?? LONGEST.section ?? 0
    const { text, fields, elements } = block
    for (const [name, list, most] of [
      ['fields', fields, MOST.fields],
      ['elements', block.type === 'context' ? elements : undefined, MOST.elements],
    ] as const)
      if (Array.isArray(list) && list.length > most)
        throw tooMuch(`${list.length} ${name} in 'blocks[${n}]'`, `${most} of a ${block.type}`)
    return {
      ...block,
      ...(text !== undefined && { text: ready(text, longest) }),
      ...(Array.isArray(fields) && { fields: fields.map((field) => ready(field, LONGEST_FIELD)) }),
      ...(Array.isArray(elements) && { elements: elements.map((element) => ready(element, longest)) }),
    }
  })
  if (characters > MOST.characters)
    throw tooMuch(`${characters} characters in all blocks`, `${MOST.characters} of a message`)
  return all
}

function isText(value: unknown): value is BlockText {
  const { type } = Object(value)
  return type === 'mrkdwn' || type === 'plain_text'
}

function tooMuch(what: string, most: string): Permanent {
  return new Permanent(`a Slack message has ${what}: expected at most ${most}`)
}
