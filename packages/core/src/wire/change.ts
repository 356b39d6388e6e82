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
 */

import { createHash } from 'node:crypto'
import type { Actor, ChangeKind, Image, Version } from '../domain/event.ts'
import { type AttributeMap, type Plain, unmarshal } from './attributes.ts'

export interface Change {
  readonly table: string
  readonly kind: ChangeKind
  readonly by: Actor
  readonly at: Date
  /** The interval in which the change was made, in microseconds. */
  readonly time: Version
  /** Key attributes as plain values. @throws SpaceshipError `attributes` */
  keys(): Plain
  /** An image as plain values, decoded once. @throws SpaceshipError `attributes` */
  image(image: Image): Plain | undefined
  /** Equal for the repeats that DynamoDB may send of one change. */
  identity(): string
}

interface ChangeJson {
  readonly eventName: ChangeKind
  readonly table: string
  readonly time: number
  readonly precision: unknown
  readonly principal: unknown
  readonly images: {
    readonly keys: AttributeMap
    readonly before: AttributeMap | undefined
    readonly after: AttributeMap | undefined
  }
}

/** The change in a parsed JSON value, or undefined if that is something else. */
export function changeOf(json: Readonly<Record<string, unknown>>): Change | undefined {
  const parsed = shapeOf(json)
  if (parsed === undefined) return undefined
  const { images, table, eventName } = parsed
  const time = intervalOf(parsed.time, parsed.precision)
  const at = new Date(Math.floor(time.min / 1_000))
  if (Number.isNaN(at.getTime())) return undefined
  const decoded = new Map<string, Plain>()

  function decode(name: 'keys' | Image): Plain | undefined {
    const raw = images[name]
    if (raw === undefined) return undefined
    let plain = decoded.get(name)
    if (plain === undefined) {
      plain = unmarshal(raw)
      decoded.set(name, plain)
    }
    return plain
  }

  return {
    table,
    kind: eventName,
    by: eventName === 'REMOVE' && parsed.principal === 'dynamodb.amazonaws.com' ? 'ttl' : 'user',
    at,
    time,
    keys: () => decode('keys') ?? {},
    image: decode,
    identity: () => {
      const digest = createHash('sha256')
      digest.update(
        canonical([
          table,
          eventName,
          parsed.time,
          parsed.precision ?? null,
          images.keys,
          images.before ?? null,
          images.after ?? null,
        ]),
      )
      return digest.digest('base64url')
    },
  }
}

function shapeOf(json: Readonly<Record<string, unknown>>): ChangeJson | undefined {
  const { eventName, dynamodb, userIdentity } = json
  if (eventName !== 'INSERT' && eventName !== 'MODIFY' && eventName !== 'REMOVE') return undefined
  if (!isObject(dynamodb) || !isObject(dynamodb.Keys)) return undefined
  const table = typeof json.tableName === 'string' ? json.tableName : tableOfArn(json.eventSourceARN)
  const time = dynamodb.ApproximateCreationDateTime
  if (table === undefined || typeof time !== 'number' || !Number.isFinite(time)) return undefined
  const before = dynamodb.OldImage
  const after = dynamodb.NewImage
  return {
    eventName,
    table,
    time,
    precision: dynamodb.ApproximateCreationDateTimePrecision,
    principal: isObject(userIdentity) ? userIdentity.principalId : undefined,
    images: {
      keys: dynamodb.Keys,
      before: isObject(before) ? before : undefined,
      after: isObject(after) ? after : undefined,
    },
  }
}

function tableOfArn(arn: unknown): string | undefined {
  return typeof arn === 'string' ? /:table\/([^/]+)/.exec(arn)?.[1] : undefined
}

/** Without a precision the magnitude tells: 10 digits are seconds, 13 milliseconds, 16 microseconds. */
function intervalOf(time: number, precision: unknown): Version {
  if (precision === 'MICROSECOND' || (precision !== 'MILLISECOND' && time >= 1e14))
    return { min: time, max: time }
  if (precision === 'MILLISECOND' || time >= 1e11) return { min: time * 1_000, max: time * 1_000 + 999 }
  return { min: Math.floor(time * 1e6), max: Math.floor(time * 1e6) + 999_999 }
}

/** JSON with sorted names: equal for equal values. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner) =>
    isObject(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner,
  )
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
