/**
 * What the bytes of a record are.
 *
 * ```
 * bytes ── outline ─┬─ unwanted ─────────────────────────────────> unwanted
 *                   ├─ found ────────────────────────────────────> change
 *                   └─ odd ── JSON.parse ─┬─ change, if wanted ──> change
 *                                         ├─ CloudEvent ─────────> published
 *                                         ├─ envelope ───────────> envelope
 *                                         └─ none of these ──────> unreadable
 * ```
 */

import { type Change, changeOf } from './change.ts'
import { type CloudEvent, cloudEventOf } from './cloudevent.ts'
import { type Envelope, envelopeOf } from './envelope.ts'
import { isObject, parse } from './json.ts'
import { outlineOf, type Wanted } from './outline.ts'
import { shapeOf } from './shape.ts'

export type Incoming =
  | { readonly kind: 'change'; readonly change: Change }
  /** A change of a table, or of a kind, that no route wants. */
  | { readonly kind: 'unwanted' }
  | { readonly kind: 'published'; readonly event: CloudEvent }
  | { readonly kind: 'envelope'; readonly envelope: Envelope }
  | { readonly kind: 'unreadable'; readonly reason: 'undecodable' | 'unrecognised'; readonly detail: string }

const UNWANTED: Incoming = { kind: 'unwanted' }

/** Tells what the bytes of a record are. Never throws. */
export function read(data: Uint8Array, wanted: Wanted): Incoming {
  const bytes = Buffer.isBuffer(data) ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  const outline = outlineOf(bytes, wanted)
  if (outline === 'unwanted') return UNWANTED
  const change = outline && changeOf(bytes, outline)
  return change === undefined ? parsed(bytes, wanted) : incoming(change, wanted)
}

function incoming(change: Change, wanted: Wanted): Incoming {
  return wanted(change.table, change.kind) ? { kind: 'change', change } : UNWANTED
}

function parsed(data: Buffer, wanted: Wanted): Incoming {
  let json: unknown
  try {
    json = parse(data)
  } catch {
    const detail = `${data.length} bytes that are not JSON in UTF-8`
    return { kind: 'unreadable', reason: 'undecodable', detail }
  }
  if (isObject(json)) {
    const shape = shapeOf(json)
    const change = shape && changeOf(data, shape)
    if (change !== undefined) return incoming(change, wanted)
    const event = cloudEventOf(json)
    if (event !== undefined) return { kind: 'published', event }
    const envelope = envelopeOf(json)
    if (envelope !== undefined) return { kind: 'envelope', envelope }
  }
  const detail = 'JSON, but neither a DynamoDB change, nor a CloudEvent 1.0, nor an envelope'
  return { kind: 'unreadable', reason: 'unrecognised', detail }
}
