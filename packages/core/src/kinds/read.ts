import type { Reader } from '../engine/kind.ts'
import { recognise } from '../engine/match.ts'
import type { Change, CloudEvent, Envelope } from '../wire/index.ts'
import { envelopeOf } from '../wire/index.ts'
import type { Wanted } from '../wire/outline.ts'
import { changeRecogniser } from './change.ts'
import { publishedRecogniser } from './published.ts'

/** What the bytes of a record are. */
export type Incoming =
  | { readonly kind: 'change'; readonly change: Change }
  /** A change of a table, or of a kind, that no route wants. */
  | { readonly kind: 'unwanted' }
  | { readonly kind: 'published'; readonly event: CloudEvent }
  | { readonly kind: 'envelope'; readonly envelope: Envelope }
  | { readonly kind: 'unreadable'; readonly reason: 'undecodable' | 'unrecognised'; readonly detail: string }

/** Tells what the bytes of a record are, without an engine: for tools and tests. Never throws. */
export function read(data: Uint8Array, wanted: Wanted): Incoming {
  const change = answering(changeRecogniser(wanted), (change): Incoming => ({ kind: 'change', change }))
  const found = recognise(data, [change, published, envelope])
  if (found === 'unwanted') return { kind: 'unwanted' }
  if (found.reader === undefined) return { kind: 'unreadable', reason: found.reason, detail: found.detail }
  return found.item as Incoming // each of the readers above makes one
}

/** A reader whose items are what `read` answers. */
function answering<Item extends object>(
  { scan, recognise }: Pick<Reader<Item>, 'scan' | 'recognise'>,
  answer: (item: Item) => Incoming,
): Reader<Incoming> {
  const answered = (item: Item | 'unwanted' | undefined): Incoming | 'unwanted' | undefined => {
    if (item === 'unwanted') return item
    return item === undefined ? item : answer(item)
  }
  return {
    ...(scan === undefined ? {} : { scan: (bytes: Buffer) => answered(scan(bytes)) }),
    recognise: (json, bytes) => answered(recognise(json, bytes)),
    describe: () => '',
    shares: () => [],
  }
}

const published = answering(publishedRecogniser, (event) => ({ kind: 'published', event }))
const envelope = answering<Envelope>({ recognise: (json) => envelopeOf(json) }, (envelope) => ({
  kind: 'envelope',
  envelope,
}))
