/**
 * Owns the step from a record's bytes to the share that each route gets of it. Knows no kind of thing: it asks each in turn.
 *
 * ```
 * bytes ── scan, kind by kind ──┬─ unwanted ──────────────────> no share
 *                               ├─ an item ───────────────────> its kind: a share for each route
 *                               └─ nobody can tell: JSON.parse ─┬─ a kind recognises it ─> likewise
 *                                                               └─ none does ────────────> a dead letter
 * ```
 */

import { isRecord } from '../foreign.ts'
import { unwrapped } from '../wire/base64.ts'
import { envelopeOf, type UserRecord } from '../wire/index.ts'
import { parse } from '../wire/json.ts'
import { refusedShare, type Share } from './content.ts'
import type { Reader } from './kind.ts'
import { unrouted } from './plan.ts'
import type { Place, Settings } from './settings.ts'

export type Recognised =
  | { readonly reader: Reader; readonly item: unknown }
  | { readonly reader: undefined; readonly reason: 'undecodable' | 'unrecognised'; readonly detail: string }

const NONE: readonly Share[] = []

/** What these bytes are, as the first reader tells that knows; 'unwanted' if no route wants such. Never throws. */
export function recognise(data: Uint8Array, readers: readonly Reader[]): Recognised | 'unwanted' {
  const bytes = Buffer.isBuffer(data) ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  for (const reader of readers) {
    const item = reader.scan?.(bytes)
    if (item === 'unwanted') return item
    if (item !== undefined) return { reader, item }
  }
  const inner = unwrapped(bytes)
  let json: unknown
  try {
    json = parse(inner ?? bytes)
  } catch {
    const detail = `${bytes.length} bytes that are not JSON in UTF-8`
    return { reader: undefined, reason: 'undecodable', detail }
  }
  // Nothing but an envelope is sent like that.
  if (isRecord(json) && (inner === undefined || envelopeOf(json) !== undefined))
    for (const reader of readers) {
      const item = reader.recognise(json, bytes)
      if (item === 'unwanted') return item
      if (item !== undefined) return { reader, item }
    }
  const detail = 'JSON, but neither a DynamoDB change, nor a CloudEvent 1.0, nor an envelope'
  return { reader: undefined, reason: 'unrecognised', detail }
}

/** The shares that a record causes; a promise only if a schema is asynchronous. */
export function match(
  record: UserRecord,
  place: Place,
  readers: readonly Reader[],
  { maxRecordBytes: limit }: Pick<Settings, 'maxRecordBytes'>,
): readonly Share[] | Promise<readonly Share[]> {
  if (record.damaged)
    return [refusedShare(unrouted, 'damaged', 'the rest of an aggregate that cannot be read')]
  if (record.outOfRange)
    return [
      refusedShare(unrouted, 'out-of-range', 'its hash key belongs to another shard than its aggregate'),
    ]
  if (record.data.length > limit)
    return [refusedShare(unrouted, 'too-large', `${record.data.length} bytes, more than 'maxRecordBytes'`)]
  const found = recognise(record.data, readers)
  if (found === 'unwanted') return NONE
  if (found.reader === undefined) return [refusedShare(unrouted, found.reason, found.detail)]
  return found.reader.shares(found.item, record, place)
}
