/** A change record parsed as JSON: the reference for {@link outlineOf}, and what is asked where bytes alone do not tell. */

import type { ChangeKind } from '../declare/event.ts'
import { isRecord } from '../foreign.ts'
import type { AttributeMap } from './attributes.ts'
import { sha256 } from './digest.ts'

export interface Shape {
  readonly kind: ChangeKind
  readonly table: string
  readonly time: number
  readonly precision: unknown
  readonly principal: unknown
  readonly keys: AttributeMap
  readonly before: AttributeMap | undefined
  readonly after: AttributeMap | undefined
}

/** Undefined if it is no change record. */
export function shapeOf(json: Readonly<Record<string, unknown>>): Shape | undefined {
  const { eventName, dynamodb, userIdentity } = json
  if (!isKind(eventName)) return undefined
  if (!isRecord(dynamodb) || !isRecord(dynamodb.Keys)) return undefined
  const table = typeof json.tableName === 'string' ? json.tableName : tableOfArn(json.eventSourceARN)
  const time = dynamodb.ApproximateCreationDateTime
  if (table === undefined || typeof time !== 'number' || !Number.isFinite(time)) return undefined
  return {
    kind: eventName,
    table,
    time,
    precision: dynamodb.ApproximateCreationDateTimePrecision,
    principal: isRecord(userIdentity) ? userIdentity.principalId : undefined,
    keys: dynamodb.Keys,
    before: isRecord(dynamodb.OldImage) ? dynamodb.OldImage : undefined,
    after: isRecord(dynamodb.NewImage) ? dynamodb.NewImage : undefined,
  }
}

const KINDS: ReadonlySet<unknown> = new Set<ChangeKind>(['INSERT', 'MODIFY', 'REMOVE', 'BACKFILL'])

function isKind(eventName: unknown): eventName is ChangeKind {
  return KINDS.has(eventName)
}

export function tableOfArn(arn: unknown): string | undefined {
  return typeof arn === 'string' ? /:table\/([^/]+)/.exec(arn)?.[1] : undefined
}

/** A digest of what happened, without what a repeat may have of its own, as `eventID`. Not for what {@link isDeep}. */
export function identityOf({ table, kind, time, precision, keys, before, after }: Shape): string {
  const content = [table, kind, time, precision ?? null, keys, before ?? null, after ?? null]
  return sha256(JSON.stringify(content, sorted))
}

/** A digest of every byte: for what DynamoDB never wrote, and so never repeats in other words. */
export function identityOfBytes(data: Uint8Array): string {
  return sha256(data)
}

/** In order what has none, members and sets (the only lists of texts): equal text for equal values. */
function sorted(_: string, value: unknown): unknown {
  if (Array.isArray(value)) return value.every((item) => typeof item === 'string') ? value.toSorted() : value
  if (!isRecord(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Many times what DynamoDB's 32 levels need, and a fraction of what the stack holds. */
const MOST_LEVELS = 1_000

/** Nested deeper than DynamoDB writes: JSON.parse takes any depth, JSON.stringify and whatever else recurs may not come back. */
export function isDeep({ keys, before, after }: Shape): boolean {
  return [keys, before, after].some((part) => isDeeper(part, MOST_LEVELS))
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1))
}

/**
 * Whether the replication of a global table of version 2017.11.29 wrote it: such a write sets the stamp anew, and its deletes
 * are announced in the row. What a user writes leaves the stamp as it was, or off.
 */
export function isReplicated({ kind, before, after }: Shape): boolean {
  // Who wrote it is not known.
  if (kind === 'BACKFILL') return false
  if (kind === 'REMOVE')
    return isRecord(before?.['aws:rep:deleting']) && before['aws:rep:deleting'].BOOL === true
  return ['aws:rep:updatetime', 'aws:rep:updateregion'].some((stamp) => {
    const now = textOf(after?.[stamp])
    return now !== undefined && now !== textOf(before?.[stamp])
  })
}

/** A stamp is a number or a text. */
function textOf(attribute: unknown): string | undefined {
  const { N, S = N } = isRecord(attribute) ? attribute : {}
  return typeof S === 'string' ? S : undefined
}
