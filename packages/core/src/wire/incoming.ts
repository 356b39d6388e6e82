import { type Change, changeOf, isObject } from './change.ts'
import { type CloudEvent, cloudEventOf } from './cloudevent.ts'
import { type Envelope, envelopeOf } from './envelope.ts'

/** What a record's bytes turned out to be. */
export type Incoming =
  | { readonly kind: 'change'; readonly change: Change }
  | { readonly kind: 'published'; readonly event: CloudEvent }
  | { readonly kind: 'envelope'; readonly envelope: Envelope }
  | { readonly kind: 'unreadable'; readonly reason: 'undecodable' | 'unrecognised'; readonly detail: string }

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Tells what the bytes of a record are. Never throws. */
export function read(data: Uint8Array): Incoming {
  let json: unknown
  try {
    json = JSON.parse(utf8.decode(data))
  } catch {
    return {
      kind: 'unreadable',
      reason: 'undecodable',
      detail: `${data.length} bytes that are not JSON in UTF-8`,
    }
  }
  if (isObject(json)) {
    const change = changeOf(json)
    if (change !== undefined) return { kind: 'change', change }
    const event = cloudEventOf(json)
    if (event !== undefined) return { kind: 'published', event }
    const envelope = envelopeOf(json)
    if (envelope !== undefined) return { kind: 'envelope', envelope }
  }
  const detail = 'JSON, but neither a DynamoDB change, nor a CloudEvent 1.0, nor an envelope'
  return { kind: 'unreadable', reason: 'unrecognised', detail }
}
