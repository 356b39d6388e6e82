/** Owns the shape of what publishing differs in: a stream of Kinesis, a queue of SQS, a topic of SNS. */

import type { OutgoingRecord } from '@spaceship/core/ports'

/** A record as it is sent. */
export interface Entry {
  /** Records of one key follow one another where the channel keeps an order. */
  readonly key: string
  /** Bytes, as the service counts them. */
  readonly size: number
}

export interface Channel<E extends Entry> {
  /** The name of the dependency: `kinesis`. */
  readonly dependency: string
  /** `stream 'domain-events'` */
  readonly resource: string
  /** Of one request. */
  readonly limits: { readonly records: number; readonly bytes: number }
  /** Whether records of one key keep their order: a request holds one of each key then. */
  readonly ordered: boolean
  /** @throws Permanent for what the channel never takes */
  entryOf(record: OutgoingRecord): E
  /**
   * @returns what was not accepted, by its index, with the reason: classified; what is not is taken for an outage
   * @param signal aborted when the answer is not waited for any more
   * @throws the reason for which nothing was accepted, likewise
   */
  send(entries: readonly E[], signal: AbortSignal): Promise<ReadonlyMap<number, unknown>>
}

interface Excess {
  readonly size: number
  readonly limit: number
  readonly resource: string
  /** What says how much the channel takes. */
  readonly option: string
}

/** What is said of a record that is larger than the channel takes. */
export function tooLarge({ size, limit, resource, option }: Excess): string {
  const [kind] = resource.split(' ')
  const advice = `publish less, such as where the rest is kept; or raise the ${kind}'s maximum size, and '${option}' with it`
  return `a record has ${size} bytes with its key, more than the ${limit} of the ${resource}: ${advice}`
}
