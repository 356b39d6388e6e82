/**
 * The outline of a change record: what stands where in its bytes, found in one pass.
 *
 * ```
 * {"awsRegion":…,"eventID":…,"eventName":"MODIFY","userIdentity":null,"recordFormat":…,"tableName":"clients",
 *  └───────────────────────────── head: does a route want it? ─────────────────────────────────────────────┘
 *  "dynamodb":{"ApproximateCreationDateTime":…,"Keys":{…},"NewImage":{…},"OldImage":{…},"SizeBytes":…},"eventSource":…}
 *              └ the time                      │          └ decoded     └ stepped over
 *                                              └ stepped over
 * ```
 *
 * | what stands there                                                  | answer                                     |
 * |--------------------------------------------------------------------|--------------------------------------------|
 * | a head that no route wants, and DynamoDB's own last bytes          | `unwanted`; nothing between is looked at   |
 * | members in another order                                           | found all the same, at the cost of a pass  |
 * | blanks, escapes in a name, a member twice, a number with a point, … | undefined: JSON.parse decides             |
 *
 * So the one thing that is told otherwise than JSON.parse would: a record that begins and ends as DynamoDB writes it, is
 * unwanted by its head, and between is no JSON or repeats its `tableName` or `eventName`. DynamoDB writes none.
 */

import { isUtf8 } from 'node:buffer'
import type { ChangeKind } from '../declare/event.ts'
import type { Plain } from './attributes.ts'
import { imageAt } from './image.ts'
import { asciiEnd, stringEnd, valueEnd, word, wordEnd } from './json.ts'
import { tableOfArn } from './shape.ts'
import { latin1 } from './slices.ts'

export type Wanted = (table: string, kind: ChangeKind) => boolean

/** Of bytes: from `start` up to, but not with, `end`. */
interface Range {
  readonly start: number
  readonly end: number
}

export interface Outline {
  readonly table: string
  readonly kind: ChangeKind
  readonly time: number
  readonly precision: string | undefined
  readonly keys: Range
  readonly before: Range | undefined
  readonly after: Range | undefined
  /** The image after the change, or of what was removed, if a double holds all its numbers. */
  readonly newest: Plain | undefined
}

const TAIL = word('},"eventSource":"aws:dynamodb"}')
const MODIFY = word('"MODIFY"')
const INSERT = word('"INSERT"')
const REMOVE = word('"REMOVE"')
const MICROSECOND = word('"MICROSECOND"')

/** As DynamoDB writes it, in the characters of which Regions, tables and the like consist. */
const HEAD =
  /^\{"awsRegion":"[\w-]*","eventID":"[\w-]*","eventName":"(INSERT|MODIFY|REMOVE)","userIdentity":(?:null|\{"type":"\w*","principalId":"[\w.]*"\}),"recordFormat":"[\w/]*","tableName":"([\w.-]*)","dynamodb":\{/
const HEAD_BYTES = 384

/** The members that count, and the place at which the start and the end of their values are noted. */
const BODY = 0
const KIND = 2
const TABLE = 4
const ARN = 6
const KEYS = 8
const BEFORE = 10
const AFTER = 12
const TIME = 14
const PRECISION = 16
const ofRecord = namesOf({ dynamodb: BODY, eventName: KIND, tableName: TABLE, eventSourceARN: ARN })
const ofBody = namesOf({
  Keys: KEYS,
  OldImage: BEFORE,
  NewImage: AFTER,
  ApproximateCreationDateTime: TIME,
  ApproximateCreationDateTimePrecision: PRECISION,
})

/** Undefined if only a full parse can tell. */
export function outlineOf(data: Buffer, wanted: Wanted): Outline | 'unwanted' | undefined {
  const { length } = data
  // `{"specversion"` and `{"spaceship"` begin no change.
  if (data[0] !== 0x7b || data[2] === 0x73) return undefined
  const places = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
  const head = HEAD.exec(latin1(data, 0, Math.min(length, HEAD_BYTES)))
  let i: number
  let table = head?.[2]
  // One of the three, by the pattern.
  let kind = head?.[1] as ChangeKind | undefined
  if (head !== null && table !== undefined && kind !== undefined) {
    if (wordEnd(data, length - TAIL.length, TAIL) === length && !wanted(table, kind)) return 'unwanted'
    i = head[0].length - 1
    // Seen, so that a second one is odd.
    places.fill(i, BODY, ARN)
  } else {
    i = membersEnd(data, 0, ofRecord, places, undefined)
    if (i !== places[BODY] || data[i] !== 0x7b) return undefined
    kind = kindAt(data, places[KIND])
  }
  if (!isUtf8(data)) return undefined

  const newest: Newest = { place: kind === 'REMOVE' ? BEFORE : AFTER, plain: undefined }
  i = membersEnd(data, i, ofBody, places, kind && newest)
  if (data[i] === 0x2c) i = membersEnd(data, i, ofRecord, places, undefined)
  else if (data[i++] !== 0x7d) return undefined
  if (i !== length) return undefined
  kind ??= kindAt(data, places[KIND])
  table ??= textAt(data, places[TABLE]) ?? tableOfArn(textAt(data, places[ARN]))
  const time = integerAt(data, places[TIME])
  const keys = objectAt(data, places, KEYS)
  if (kind === undefined || table === undefined || time === undefined || keys === undefined) return undefined
  const ofMicros = wordEnd(data, places[PRECISION] ?? 0, MICROSECOND) !== -1
  const precision = ofMicros ? 'MICROSECOND' : textAt(data, places[PRECISION])
  const before = objectAt(data, places, BEFORE)
  const after = objectAt(data, places, AFTER)
  return { table, kind, time, precision, keys, before, after, newest: newest.plain }
}

interface Newest {
  readonly place: number
  plain: Plain | undefined
}

/**
 * The index after the object of which a member follows the brace or comma at `i`, or of its body. Notes where the values of the
 * members that count begin and end. Every route that wants a record shows its newest image, so that one is decoded in passing.
 */
function membersEnd(
  data: Buffer,
  i: number,
  names: Names,
  places: number[],
  newest: Newest | undefined,
): number {
  const { length } = data
  do {
    // An escape could hide a name that we know.
    const name = i + 2
    const end = data[i + 1] === 0x22 ? asciiEnd(data, name, length) : -1
    if (end === -1 || data[end + 1] !== 0x3a) return -1
    i = end + 2
    const place = placeOf(data, name, end - name, names)
    if (place !== -1) {
      // Of two, the last one would count.
      if (places[place] !== 0) return -1
      places[place] = i
      if (place === BODY) return i
      if (place === newest?.place) {
        const found = imageAt(data, i, length, 'double')
        newest.plain = found?.plain
        i = found?.end ?? valueEnd(data, i)
      } else i = plainValueEnd(data, i, length)
      places[place + 1] = i
    } else i = plainValueEnd(data, i, length)
  } while (data[i] === 0x2c)
  return data[i] === 0x7d ? i + 1 : -1
}

function plainValueEnd(data: Uint8Array, i: number, length: number): number {
  if (data[i] === 0x22) return stringEnd(data, i, length)
  return isDigit(data[i]) ? digitsEnd(data, i) : valueEnd(data, i)
}

function placeOf(data: Uint8Array, start: number, length: number, names: Names): number {
  const candidates = names[length]
  if (candidates !== undefined)
    for (const { place, bytes } of candidates) if (wordEnd(data, start, bytes) !== -1) return place
  return -1
}

/** By length, which tells most names apart. */
type Names = readonly (readonly { readonly place: number; readonly bytes: Uint8Array }[])[]

function namesOf(places: Readonly<Record<string, number>>): Names {
  const names = Object.entries(places).map(([text, place]) => ({ place, bytes: word(text) }))
  return Array.from({ length: 40 }, (_, length) => names.filter(({ bytes }) => bytes.length === length))
}

function kindAt(data: Uint8Array, i = 0): ChangeKind | undefined {
  if (wordEnd(data, i, MODIFY) !== -1) return 'MODIFY'
  if (wordEnd(data, i, INSERT) !== -1) return 'INSERT'
  return wordEnd(data, i, REMOVE) === -1 ? undefined : 'REMOVE'
}

function objectAt(data: Uint8Array, places: readonly number[], place: number): Range | undefined {
  const start = places[place] ?? 0
  return start > 0 && data[start] === 0x7b ? { start, end: places[place + 1] ?? 0 } : undefined
}

/** The string that begins at `i`, if one does. */
function textAt(data: Buffer, i = 0): string | undefined {
  if (data[i] !== 0x22) return undefined
  const { length } = data
  const end = asciiEnd(data, i + 1, length)
  if (end !== -1) return latin1(data, i + 1, end)
  return JSON.parse(data.toString('utf8', i, stringEnd(data, i, length)))
}

/** The index after an integer, as JSON writes it: a zero stands alone. */
function digitsEnd(data: Uint8Array, start: number): number {
  let i = start + 1
  if (data[start] !== 0x30) while (isDigit(data[i])) i += 1
  return i
}

/** Undefined if it is no integer, or beyond what a double counts. */
function integerAt(data: Uint8Array, i = 0): number | undefined {
  let value = isDigit(data[i]) ? 0 : Number.NaN
  for (; isDigit(data[i]); i += 1) value = value * 10 + (data[i] ?? 0) - 0x30
  return value <= Number.MAX_SAFE_INTEGER ? value : undefined
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39
}
