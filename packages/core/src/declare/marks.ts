/**
 * Owns how a kind of item is told from the others in its table.
 *
 * | `when`                          | a row is of the kind if                                      |
 * |---------------------------------|--------------------------------------------------------------|
 * | `{ type: 'order' }`             | the attribute is equal; several must all be                  |
 * | `{ pk: startsWith('ORDER#') }`  | the attribute is a text that begins so                       |
 * | `{ total: (value) => ... }`     | the function answers true for the attribute, undefined if it is missing |
 * | `(row) => ...`                  | the function answers true for the row, as it is in the table |
 */

import { check, required, text } from '../shapes.ts'
import { answerOf } from './answers.ts'
import type { Row } from './event.ts'

/** What an attribute of the kind must be like. */
export interface Mark {
  (value: unknown): boolean
  /** In words, for messages: `begins with 'ORDER#'`. */
  readonly expected?: string
}

/** What tells a kind: attributes and their values, or a function of the row. */
export type When<Item = Row> =
  | (Row & { readonly [A in keyof Item]?: Item[A] | Mark })
  | ((row: Row) => boolean)

export const STARTS_WITH = { prefix: required(text('how the attribute begins')) }

/**
 * The mark of a kind whose attribute, often a key, begins with a text.
 *
 * @throws ConfigurationError for an empty text
 * @example
 * const Order = entity('order', {
 *   table: 'shop',
 *   key: { partition: 'pk', sort: 'sk' },
 *   when: { sk: startsWith('ORDER#') },
 *   schema: z.object({ pk: z.string(), sk: z.string(), cents: z.number() }),
 * })
 */
export function startsWith(prefix: string): Mark {
  check('startsWith', STARTS_WITH, { prefix })
  return Object.assign((value: unknown) => typeof value === 'string' && value.startsWith(prefix), {
    expected: `begins with '${prefix}'`,
  })
}

/** What a row lacks to be of a kind. */
export interface Difference {
  /** The attribute; undefined where a function of the row says no. */
  readonly name: string | undefined
  /** In words: `is 'order'`. */
  readonly expected: string
}

/** @returns undefined if the row is of the kind @throws SpaceshipError `schema` if a function of a user's fails */
export function differenceFrom(when: When, row: Row): Difference | undefined {
  if (typeof when === 'function') {
    const is = answerOf(() => when(row), "its 'when'") === true
    return is ? undefined : { name: undefined, expected: "for which its 'when' answers true" }
  }
  for (const [name, mark] of Object.entries(when)) {
    const value = row[name]
    const is =
      typeof mark === 'function'
        ? answerOf(() => mark(value), `its 'when.${name}'`) === true
        : isEqual(value, mark)
    if (!is) return { name, expected: expectedOf(mark) }
  }
  return undefined
}

/** What stands where a kind is shown: of a function its words, or that it is one. */
export function shownWhen(when: When): Row | string {
  if (typeof when === 'function') return 'a function of the row'
  return Object.fromEntries(
    Object.entries(when).map(([name, mark]) => [name, typeof mark === 'function' ? expectedOf(mark) : mark]),
  )
}

/** The attributes whose values are told by equality. */
export function equalities(when: When | undefined): Row {
  if (when === undefined || typeof when === 'function') return {}
  return Object.fromEntries(Object.entries(when).filter(([, mark]) => typeof mark !== 'function'))
}

function expectedOf(mark: unknown): string {
  if (typeof mark !== 'function') return `is '${String(mark)}'`
  const { expected } = Object(mark)
  return typeof expected === 'string' ? expected : 'is as a function says'
}

/** With `lossless` an integer is a bigint, whose mark may be written as a number. */
function isEqual(value: unknown, mark: unknown): boolean {
  if (value === mark) return true
  return typeof value === 'bigint' && Number.isSafeInteger(mark) && value === BigInt(Number(mark))
}
