/**
 * Owns how blocks are made ready for Slack: every text in them, wherever it stands, is escaped and cut to what its place takes, between
 * characters as people see them; what cannot be cut is refused before it is sent. The numbers stand in `limits.ts`.
 */

import { Permanent } from '@spaceship/core'
import { EXACT, LONGEST_TEXT, limitOf, MEMBERS, MESSAGE, READ, ROLES } from './limits.ts'
import { isMarked, readyText, type SlackText } from './text.ts'

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

/** Slack nests a few levels; what goes deeper has no end. */
const DEEPEST = 32

/** A block's own texts, and those in a list of its own, are this deep; what is deeper shows when somebody opens it. */
const OWN = 2

/** Where a value stands. */
interface Place {
  /** What holds the field: its type, or what it is. */
  readonly owner: string
  readonly field: string
  /** For people, with the field. */
  readonly path: string
  readonly depth: number
}

/** @throws Permanent for more than Slack takes, with what there is too much of, and where */
export function readyBlocks(blocks: readonly Block[], escapes: boolean): readonly unknown[] {
  if (blocks.length > MESSAGE.blocks)
    throw tooMuch(`${blocks.length} blocks`, `${MESSAGE.blocks} of a message`)
  const seen = { characters: 0, markdown: 0 }

  function ready(value: unknown, place: Place): unknown {
    const { owner, field, path, depth } = place
    if (depth > DEEPEST)
      throw new Permanent(`a Slack message is nested too deep, or in a circle, at '${path}'`)
    if (typeof value === 'bigint')
      throw new Permanent(`a Slack message has a bigint at '${path}', and JSON carries none: expected a text`)
    if (typeof value === 'string' || isMarked(value)) return readyString(value, place)
    if (typeof value !== 'object' || value === null) return value
    if (Array.isArray(value)) {
      const most = limitOf(MEMBERS, owner, field)
      if (most !== undefined && value.length > most)
        throw tooMuch(
          `${value.length} ${field} in '${path.slice(0, -field.length - 1)}'`,
          `${most} of a ${owner}`,
        )
      return value.map((member, n) =>
        ready(member, { owner, field, path: `${path}[${n}]`, depth: depth + 1 }),
      )
    }
    // As JSON has it, a Date for instance.
    if ('toJSON' in value && typeof value.toJSON === 'function')
      return ready(value.toJSON(field), { ...place, depth: depth + 1 })
    if (isText(value)) {
      const longest = limitOf(READ, owner, field) ?? LONGEST_TEXT
      const text = readyText(value.text, escapes && value.type === 'mrkdwn', longest)
      if (depth <= OWN) seen.characters += text.length
      return { ...value, text }
    }
    const { type } = Object(value)
    const name = typeof type === 'string' ? type : (ROLES.get(field) ?? field)
    return Object.fromEntries(
      Object.entries(value).map(([key, held]) => [
        key,
        ready(held, { owner: name, field: key, path: `${path}.${key}`, depth: depth + 1 }),
      ]),
    )
  }

  function readyString(value: SlackText, { owner, field, path }: Place): string {
    const isMarkdown = owner === 'markdown' && field === 'text'
    const longest = limitOf(READ, owner, field) ?? Number.POSITIVE_INFINITY
    const text = readyText(value, escapes && isMarkdown, longest)
    const most = limitOf(EXACT, owner, field)
    if (most !== undefined && text.length > most)
      throw tooMuch(`${text.length} characters in '${path}'`, `${most}, and a cut one would be another`)
    if (isMarkdown) {
      seen.characters += text.length
      seen.markdown += text.length
    }
    return text
  }

  const all = blocks.map((block, n) =>
    ready(block, { owner: 'message', field: 'blocks', path: `blocks[${n}]`, depth: 0 }),
  )
  if (seen.markdown > MESSAGE.markdown)
    throw tooMuch(`${seen.markdown} characters in blocks of markdown`, `${MESSAGE.markdown} of a message`)
  if (seen.characters > MESSAGE.characters)
    throw tooMuch(`${seen.characters} characters in all blocks`, `${MESSAGE.characters} of a message`)
  return all
}

function isText(value: object): value is BlockText {
  const { type } = Object(value)
  return type === 'mrkdwn' || type === 'plain_text'
}

function tooMuch(what: string, most: string): Permanent {
  return new Permanent(`a Slack message has ${what}: expected at most ${most}`)
}
