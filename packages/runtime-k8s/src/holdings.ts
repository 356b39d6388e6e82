/** Owns which shards this worker consumes, and which of them it is about to give up. */

import { takenBy } from '@spaceship/core/engine'
import type { Consumer } from './consume/index.ts'
import type { Streams } from './streams.ts'

export class Holdings {
  readonly #streams: Pick<Streams, 'nameOf'>
  readonly #consumers = new Map<string, Consumer>()
  /** Those that finish what runs, and read no more. */
  readonly #leaving = new WeakSet<Consumer>()

  constructor(streams: Pick<Streams, 'nameOf'>) {
    this.#streams = streams
  }

  get size(): number {
    return this.#consumers.size
  }

  has(key: string): boolean {
    return this.#consumers.has(key)
  }

  all(): readonly Consumer[] {
    return [...this.#consumers.values()]
  }

  add(consumer: Consumer): void {
    this.#consumers.set(consumer.held.lease.key, consumer)
  }

  /** A consumer that ends late may have a successor under the same key, which stays. @returns whether it was there */
  remove(consumer: Consumer): boolean {
    const { key } = consumer.held.lease
    return this.#consumers.get(key) === consumer && this.#consumers.delete(key)
  }

  /** It is given up once what runs has ended. @returns false if that was known */
  leave(consumer: Consumer): boolean {
    if (this.#leaving.has(consumer)) return false
    this.#leaving.add(consumer)
    return true
  }

  /** Whether this worker holds the shard of the stream that takes records of the partition key. */
  holds(stream: string, partitionKey: string): boolean {
    return this.#of(stream, partitionKey).some((consumer) => consumer.held.isHeld())
  }

  /** Whether this worker holds that shard, and is about to give it up. */
  isLeaving(stream: string, partitionKey: string): boolean {
    return this.#of(stream, partitionKey).some((consumer) => this.#leaving.has(consumer))
  }

  #of(stream: string, partitionKey: string): readonly Consumer[] {
    // Each route asks each second, of all leases: thousands of hashes were a good part of it.
    const isTakenBy = takenBy(partitionKey)
    return this.all().filter((consumer) => this.isOf(consumer, stream, isTakenBy))
  }

  /** Whether a consumer's shard is of the stream, and takes such records. */
  isOf({ held: { lease } }: Consumer, stream: string, isTakenBy: ReturnType<typeof takenBy>): boolean {
    // Old leases do not say which records theirs are.
    return (
      this.#streams.nameOf(lease.stream) === stream &&
      (lease.hashRange === undefined || isTakenBy(lease.hashRange))
    )
  }
}
