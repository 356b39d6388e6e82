/** Owns the queues: which there are, and what is kept of them. */

import type { Shelf } from '../data/index.ts'
import { type Message, Queue } from './queue.ts'
import { type QueueAttributes, settingsOf } from './settings.ts'

export interface KnownQueue {
  readonly queue: Queue
  readonly createdAt: number
  attributes: QueueAttributes
}

export interface Queues {
  all(): readonly KnownQueue[]
  find(name: string): KnownQueue | undefined
  make(name: string, attributes: QueueAttributes, now: number): KnownQueue
  change(known: KnownQueue, attributes: QueueAttributes): void
  remove(known: KnownQueue): void
  /** Takes a message out of one queue into another, as it is. */
  move(message: Message, to: string, now: number): void
}

/** @param shelf keeps queues by their names, and messages by `QUEUE/ID` */
export function createQueues(shelf: Shelf): Queues {
  const queues = new Map<string, KnownQueue>()
  for (const [name, value] of shelf.all()) {
    const [of = '', id] = name.split('/')
    const { createdAt, attributes } = Object(value)
    if (id === undefined) queues.set(of, { queue: new Queue(of, shelf), createdAt, attributes })
    // A message is kept after its queue, and as it is sent.
    else queues.get(of)?.queue.restore(value as Message)
  }

  const kept = ({ queue, createdAt, attributes }: KnownQueue) =>
    shelf.set(queue.name, { createdAt, attributes })
  return {
    all: () => [...queues.values()],
    find: (name) => queues.get(name),
    make: (name, attributes, now) => {
      const made = { queue: new Queue(name, shelf), createdAt: now, attributes }
      queues.set(name, made)
      kept(made)
      return made
    },
    change: (known, attributes) => {
      known.attributes = attributes
      kept(known)
    },
    remove: (known) => {
      known.queue.purge()
      queues.delete(known.queue.name)
      shelf.delete(known.queue.name)
    },
    move: (message, to, now) => {
      const target = queues.get(to)
      if (target !== undefined) target.queue.send(message, now, settingsOf(target.attributes).delay)
    },
  }
}
