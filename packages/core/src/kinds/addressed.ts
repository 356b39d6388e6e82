/** Owns what the kinds of envelopes have in common: an envelope is recognised by its kind, and that of another application is dropped. */

import type { Origin } from '../declare/event.ts'
import type { Share } from '../engine/content.ts'
import type { Reader, Why } from '../engine/kind.ts'
import { type Envelope, envelopeOf, formatPosition } from '../wire/index.ts'

interface Own<E> {
  /** What the envelope is, in words. */
  describe(envelope: E): string
  shares(envelope: E, origin: Origin, why?: Why): readonly Share[]
}

/** @param own of an envelope that is addressed to the application */
export function addressedReader<E extends Envelope>(
  kinds: readonly E['kind'][],
  application: string,
  own: Own<E>,
): Reader<E> {
  const isOwn = (envelope: E) => envelope.application === application
  return {
    recognise: (json) => {
      const envelope = envelopeOf(json)
      // Only an envelope of `E` has one of its kinds.
      return envelope && kinds.includes(envelope.kind) ? (envelope as E) : undefined
    },
    describe: (envelope) =>
      isOwn(envelope) ? own.describe(envelope) : `an envelope for '${envelope.application}'`,
    shares: (envelope, record, { stream, shard }, why) =>
      isOwn(envelope) ? own.shares(envelope, { stream, shard, position: formatPosition(record) }, why) : [],
  }
}
