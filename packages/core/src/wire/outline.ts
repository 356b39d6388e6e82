/**
 * The outline of a change record: where its parts stand in the bytes, found in one pass that builds nothing.
 *
 * ```
 * {"awsRegion":…,"eventID":…,"eventName":"MODIFY","userIdentity":null,"recordFormat":…,"tableName":"clients",
 *  └───────────────────────────── head: does a route want it? ─────────────────────────────────────────────┘
 *  "dynamodb":{"ApproximateCreationDateTime":…,"Keys":{…},"NewImage":{…},"OldImage":{…},"SizeBytes":…},"eventSource":…}
 *              └ the time                      └──────────────┴── ranges, decoded when somebody asks
 * ```
 *
 * | what stands there                                                  | answer                                     |
 * |--------------------------------------------------------------------|--------------------------------------------|
 * | a head that no route wants, and DynamoDB's own last bytes          | `unwanted`; nothing between is looked at   |
 * | members in another order                                           | found all the same, at the cost of a pass  |
 * | blanks, escapes in a name, a member twice, a table beyond ASCII, … | undefined: JSON.parse decides              |
 *
 * So the one thing that is told otherwise than JSON.parse would: a record that begins and ends as DynamoDB writes it, is
 * unwanted by its head, and between is no JSON or repeats its `tableName` or `eventName`. DynamoDB writes none.
 */

import { isUtf8 } from 'node:buffer'
import type { ChangeKind } from '../domain/event.ts'
import type { Plain } from './attributes.ts'
import { imageAt } from './image.ts'
import { ODD, valueEnd, wordEnd } from './json.ts'
import { tableOfArn } from './shape.ts'

export type Wanted = (table: string, kind: ChangeKind) => boolean

export interface Range {
  readonly start: number
  readonly end: number
}

export interface Outline {
  readonly kind: ChangeKind
  readonly table: string
  readonly time: number
  readonly precision: string | undefined
  readonly user: Range | undefined
  readonly keys: Range
  readonly before: Range | undefined
  readonly after: Range | undefined
  /** The image after the change, or of what was removed, if a double holds all its numbers. */
  readonly newest: Plain | undefined
}

const QUOTE = 0x22
const COMMA = 0x2c
const ZERO = 0x30
const NINE = 0x39
const COLON = 0x3a
const BACKSLASH = 0x5c
const BRACE = 0x7b
const UNBRACE = 0x7d
const TAIL = '},"eventSource":"aws:dynamodb"}'

// The order of the names is that of the places in what is found.
const MEMBERS = ['dynamodb', 'eventName', 'tableName', 'userIdentity', 'eventSourceARN']
const TIME = 'ApproximateCreationDateTime'
const PARTS = [TIME, `${TIME}Precision`, 'Keys', 'OldImage', 'NewImage']

/** Undefined if only a full parse can tell. */
export function outlineOf(data: Buffer, wanted: Wanted): Outline | 'unwanted' | undefined {
  const { length } = data
  // `{"specversion"` and `{"spaceship"` begin no change.
  if (data[0] !== BRACE || data[2] === 0x73) return undefined
  const top = newPlaces()
  const body = membersEnd(data, 0, MEMBERS, top, STOP)
  if (data[body] !== BRACE) return undefined
  let head = headOf(data, top)
  if (
    head !== undefined &&
    wordEnd(data, length - TAIL.length, TAIL) === length &&
    !wanted(head.table, head.kind)
  )
    return 'unwanted'
  if (!isUtf8(data)) return undefined

  const parts = newPlaces()
  const newest: Newest = { place: head?.kind === 'REMOVE' ? 6 : 8, plain: undefined }
  let i = membersEnd(data, body, PARTS, parts, newest)
  if (data[i] === COMMA) i = membersEnd(data, i, MEMBERS, top, undefined)
  else if (data[i++] !== UNBRACE) return undefined
  head ??= headOf(data, top)
  const time = integerAt(data, parts, 0)
  const keys = objectAt(data, parts, 2)
  if (i !== length || head === undefined || time === undefined || keys === undefined) return undefined
  return {
    kind: head.kind,
    table: head.table,
    time,
    precision: textAt(data, parts, 1),
    user: objectAt(data, top, 3),
    keys,
    before: objectAt(data, parts, 3),
    after: objectAt(data, parts, 4),
    newest: newest.plain,
  }
}

/** A start and an end for each of five names; 0 if it was not there. */
type Places = number[]

function newPlaces(): Places {
  return [0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
}

interface Newest {
  readonly place: number
  plain: Plain | undefined
}

const STOP = 'stop at the value of the first name'

/**
 * The index after the object of which a member follows the brace or comma at `i`. Notes where the values of the named members
 * stand. Every route that wants a record shows its newest image: that one is decoded in passing.
 */
function membersEnd(
  data: Buffer,
  i: number,
  names: readonly string[],
  places: Places,
  special: Newest | typeof STOP | undefined,
): number {
  const { length } = data
  do {
    const start = i + 2
    const end = data[i + 1] === QUOTE ? plainEnd(data, start, length) : ODD
    if (end === ODD || data[end + 1] !== COLON) return ODD
    i = end + 2
    const place = placeOf(data, start, end, names)
    if (place === ODD) i = isDigit(data[i]) ? digitsEnd(data, i) : valueEnd(data, i)
    else {
      // Of two, the last one would count.
      if (places[place] !== 0) return ODD
      places[place] = i
      if (special === STOP && place === 0) return i
      const found =
        typeof special === 'object' && place === special.place ? imageAt(data, i, 'double') : undefined
      if (found !== undefined && typeof special === 'object') special.plain = found.plain
      i = found?.end ?? (isDigit(data[i]) ? digitsEnd(data, i) : valueEnd(data, i))
      places[place + 1] = i
    }
    if (i === ODD) return ODD
  } while (data[i] === COMMA)
  return data[i] === UNBRACE ? i + 1 : ODD
}

/** The closing quote of a name without escapes, which could hide a name that we know. */
function plainEnd(data: Uint8Array, i: number, length: number): number {
  for (; i < length; i += 1) {
    // Within the bounds.
    const byte = data[i] as number
    if (byte === QUOTE) return i
    if (byte < 0x20 || byte === BACKSLASH) break
  }
  return ODD
}

function placeOf(data: Uint8Array, start: number, end: number, names: readonly string[]): number {
  for (let n = 0; n < names.length; n += 1) {
    const name = names[n] ?? ''
    if (name.length === end - start && wordEnd(data, start, name) !== ODD) return n * 2
  }
  return ODD
}

/** As JSON writes an integer: a zero is the only one that begins with it. */
function digitsEnd(data: Uint8Array, start: number): number {
  let i = start + 1
  if (data[start] !== ZERO) while (isDigit(data[i])) i += 1
  return i
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE
}

function headOf(
  data: Buffer,
  top: Places,
): { readonly kind: ChangeKind; readonly table: string } | undefined {
  const kind = textAt(data, top, 1)
  const table = textAt(data, top, 2) ?? tableOfArn(textAt(data, top, 4))
  if (table === undefined || (kind !== 'INSERT' && kind !== 'MODIFY' && kind !== 'REMOVE')) return undefined
  return { kind, table }
}

/** Undefined if it is no string. */
function textAt(data: Buffer, places: Places, place: number): string | undefined {
  const start = places[place * 2] ?? 0
  const end = places[place * 2 + 1] ?? 0
  if (data[start] !== QUOTE) return undefined
  const plain = plainEnd(data, start + 1, end) === end - 1
  return plain ? data.toString('utf8', start + 1, end - 1) : JSON.parse(data.toString('utf8', start, end))
}

/** Undefined if it is no integer, or beyond what a double counts. */
function integerAt(data: Uint8Array, places: Places, place: number): number | undefined {
  const start = places[place * 2] ?? 0
  const end = places[place * 2 + 1] ?? 0
  if (!isDigit(data[start])) return undefined
  let value = 0
  for (let i = start; i < end; i += 1) value = value * 10 + (data[i] ?? 0) - ZERO
  return value <= Number.MAX_SAFE_INTEGER ? value : undefined
}

function objectAt(data: Uint8Array, places: Places, place: number): Range | undefined {
  const start = places[place * 2] ?? 0
  const end = places[place * 2 + 1] ?? 0
  return start > 0 && data[start] === BRACE ? { start, end } : undefined
}
