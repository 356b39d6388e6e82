/**
 * DynamoDB's change record, as its Kinesis destination writes it:
 *
 * ```
 * { eventName, eventID, tableName, userIdentity, dynamodb: {
 *     ApproximateCreationDateTime, ApproximateCreationDateTimePrecision, Keys, NewImage, OldImage } }
 * ```
 *
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/kds.html
 *
 * Emulators differ: some leave out `tableName` (then it stands in `eventSourceARN`) and the precision, or write seconds.
 *
 * A change keeps the record's bytes. Each part is made when somebody asks: from its place in the outline, or, where that is
 * missing or holds something odd, from the whole record parsed as JSON.
 */

import type { Actor, ChangeKind, Image } from '../declare/event.ts'
import type { Version } from '../declare/version.ts'
import { SpaceshipError } from '../errors.ts'
import { cut } from '../foreign.ts'
import { type Plain, unmarshal } from './attributes.ts'
import { imageAt } from './image.ts'
import { parse } from './json.ts'
import type { Numbers } from './numbers.ts'
import type { Outline } from './outline.ts'
import { identityOf, identityOfBytes, isDeep, isReplicated, type Shape, shapeOf } from './shape.ts'

export interface Change {
  readonly table: string
  readonly kind: ChangeKind
  /** Looked for when it is asked for. */
  readonly by: Actor
  readonly at: Date
  /** The interval in which the change was made, in microseconds. */
  readonly time: Version
  /** Key attributes as plain values. @throws SpaceshipError `attributes` */
  keys(): Plain
  /**
   * The texts of these key attributes, joined by `|`: strings as they are, numbers with all their digits, binary as base64url.
   *
   * @throws SpaceshipError `attributes`, naming one that is not among the record's keys, or of which the value is none of its type
   */
  keyText(names: readonly string[]): string
  /** An image as plain values, decoded once. @default numbers 'double' @throws SpaceshipError `attributes` */
  image(image: Image, numbers?: Exclude<Numbers, 'text'>): Plain | undefined
  /** Equal for the repeats that DynamoDB may send of one change. */
  identity(): string
}

/** The change that was found in these bytes, or undefined if its time is none. */
export function changeOf(data: Buffer, found: Outline | Shape): Change | undefined {
  const time = intervalOf(found.time, found.precision)
  return time && new RecordedChange(data, found, time)
}

const TTL = 'dynamodb.amazonaws.com'

interface Decoded {
  before: Plain | undefined
  after: Plain | undefined
}

/** A class for its getters, which cost nothing until they are read. */
class RecordedChange implements Change {
  readonly table: string
  readonly kind: ChangeKind
  readonly time: Version
  readonly #data: Buffer
  readonly #outline: Outline | undefined
  readonly #parsed: Shape | undefined
  #identity: string | undefined
  readonly #double: Decoded = { before: undefined, after: undefined }
  readonly #lossless: Decoded = { before: undefined, after: undefined }

  constructor(data: Buffer, found: Outline | Shape, time: Version) {
    this.table = found.table
    this.kind = found.kind
    this.time = time
    this.#data = data
    // Only a shape holds what was parsed.
    if ('principal' in found) this.#parsed = found
    else {
      this.#outline = found
      this.#double[found.kind === 'REMOVE' ? 'before' : 'after'] = found.newest
    }
  }

  get at(): Date {
    return new Date(Math.floor(this.time.min / 1_000))
  }

  get by(): Actor {
    // What tells the others leaves its bytes in the record, or an escape; most records have none of them.
    if (![TTL, 'aws:rep:', '\\u'].some((sign) => this.#data.includes(sign))) return 'user'
    const shape = this.#shape()
    if (this.kind === 'REMOVE' && shape.principal === TTL) return 'ttl'
    return isReplicated(shape) ? 'replication' : 'user'
  }

  keys(): Plain {
    return this.#decode('keys', 'double') ?? {}
  }

  keyText(names: readonly string[]): string {
    const keys = this.#decode('keys', 'text') ?? {}
    const [name = ''] = names
    if (names.length === 1) return textOf(keys, name)
    // No pair of keys may look like another.
    return names.map((each) => textOf(keys, each).replace(/[\\|]/g, '\\$&')).join('|')
  }

  image(image: Image, numbers: Numbers = 'double'): Plain | undefined {
    const decoded = numbers === 'double' ? this.#double : this.#lossless
    decoded[image] ??= this.#decode(image, numbers)
    return decoded[image]
  }

  identity(): string {
    // An outline is only drawn of what is not deep.
    const deep = this.#parsed !== undefined && isDeep(this.#parsed)
    this.#identity ??= deep ? identityOfBytes(this.#data) : identityOf(this.#shape())
    return this.#identity
  }

  #decode(part: 'keys' | Image, numbers: Numbers): Plain | undefined {
    if (this.#outline !== undefined) {
      const range = this.#outline[part]
      if (range === undefined) return undefined
      const decoded = imageAt(this.#data, range.start, range.end, numbers)
      if (decoded !== undefined) return decoded.plain
    }
    const raw = this.#shape()[part]
    return raw && unmarshal(raw, numbers)
  }

  #shape(): Shape {
    // An outline is only drawn of what is JSON of this shape. Not kept: a change may wait long, and few ask twice.
    return this.#parsed ?? (shapeOf(parse(this.#data) as Record<string, unknown>) as Shape)
  }
}

function textOf(keys: Plain, name: string): string {
  const value = Object.hasOwn(keys, name) ? keys[name] : undefined
  if (typeof value === 'string') return value
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64url')
  const known = cut(Object.keys(keys).slice(0, 5).join("', '"), 200)
  throw new SpaceshipError('attributes', `'${name}' is not a key of the record: expected '${known}'`)
}

/** Without a precision the magnitude tells: 10 digits are seconds, 13 milliseconds, 16 microseconds. */
function intervalOf(time: number, precision: unknown): Version | undefined {
  const unit =
    precision === 'MICROSECOND' || (precision !== 'MILLISECOND' && time >= 1e14)
      ? 1
      : precision === 'MILLISECOND' || time >= 1e11
        ? 1e3
        : 1e6
  const min = Math.floor(time * unit)
  return Math.abs(min) <= 8.64e18 ? { min, max: min + unit - 1 } : undefined
}
