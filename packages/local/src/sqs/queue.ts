/**
 * Owns the messages of one queue.
 *
 * ```
 *          send            receive              delete
 *   ─────────────> visible ───────> in flight ─────────> gone
 *     (a delay)      ^                  │
 *                    └──────────────────┘ the visibility timeout is over, or set to 0;
 *                                         after `maxReceiveCount` of them: to the dead-letter queue
 * ```
 *
 * In a FIFO queue nobody gets a message whose group has one in flight, and a message that was sent within the last five minutes is not taken again.
 */

import { randomUUID } from 'node:crypto'
import type { Shelf } from '../data/index.ts'
import type { Sent } from './message.ts'

export interface Message extends Sent {
  readonly id: string
  readonly sentAt: number
  /** Its place in the order of all messages. */
  readonly place: number
}

export interface Received extends Message {
  readonly receipt: string
  readonly receives: number
  readonly firstReceivedAt: number
}

interface Slot {
  readonly message: Message
  /** Milliseconds since 1970. */
  visibleAt: number
  receives: number
  firstReceivedAt: number
  /** Of the last one who got it. */
  receipt: string | undefined
}

export interface QueueSettings {
  /** Seconds. */
  readonly visibility: number
  readonly delay: number
  readonly retention: number
  readonly redrive: { readonly queue: string; readonly most: number } | undefined
}

/** How long a FIFO queue knows a message. */
const KNOWN_FOR = 300_000

export class Queue {
  readonly name: string
  readonly fifo: boolean
  readonly #shelf: Shelf
  readonly #slots = new Map<string, Slot>()
  readonly #byReceipt = new Map<string, Slot>()
  readonly #known = new Map<string, { readonly id: string; readonly place: number; readonly until: number }>()
  #place = 0

  /** @param shelf of the messages of all queues */
  constructor(name: string, shelf: Shelf) {
    this.name = name
    this.fifo = name.endsWith('.fifo')
    this.#shelf = shelf
  }

  /** Takes back a message that was kept. */
  restore(message: Message): void {
    this.#place = Math.max(this.#place, message.place)
    this.#slots.set(message.id, {
      message,
      visibleAt: 0,
      receives: 0,
      firstReceivedAt: 0,
      receipt: undefined,
    })
  }

  /** @param delay seconds @returns the message, or the one that it repeats */
  send(sent: Sent, now: number, delay: number): Pick<Message, 'id' | 'place'> {
    const known = sent.deduplication === undefined ? undefined : this.#known.get(sent.deduplication)
    if (known !== undefined && known.until > now) return known
    this.#place += 1
    const message = { ...sent, id: randomUUID(), sentAt: now, place: this.#place }
    if (sent.deduplication !== undefined) this.#remember(sent.deduplication, message, now)
    this.#slots.set(message.id, {
      message,
      visibleAt: now + delay * 1_000,
      receives: 0,
      firstReceivedAt: 0,
      receipt: undefined,
    })
    this.#shelf.set(this.#shelved(message.id), message)
    return message
  }

  #remember(deduplication: string, { id, place }: Message, now: number): void {
    for (const [old, { until }] of this.#known) {
      if (until > now) break
      this.#known.delete(old)
    }
    this.#known.delete(deduplication)
    this.#known.set(deduplication, { id, place, until: now + KNOWN_FOR })
  }

  /** @param visibility seconds @param dead gets what was received too often */
  receive(
    most: number,
    { now, visibility, settings }: { now: number; visibility: number; settings: QueueSettings },
    dead: (message: Message) => void,
  ): readonly Received[] {
    const received: Received[] = []
    const blocked = this.#blockedGroups(now)
    for (const [id, slot] of this.#slots) {
      if (received.length === most) break
      const { message } = slot
      if (message.sentAt + settings.retention * 1_000 <= now) {
        this.#drop(id)
        continue
      }
      if (slot.visibleAt > now || (message.group !== undefined && blocked.has(message.group))) continue
      if (settings.redrive !== undefined && slot.receives >= settings.redrive.most) {
        this.#drop(id)
        dead(message)
        continue
      }
      if (slot.receipt !== undefined) this.#byReceipt.delete(slot.receipt)
      slot.receipt = `${id}#${randomUUID()}`
      slot.receives += 1
      slot.firstReceivedAt ||= now
      slot.visibleAt = now + visibility * 1_000
      this.#byReceipt.set(slot.receipt, slot)
      const { receipt, receives, firstReceivedAt } = slot
      received.push({ ...message, receipt, receives, firstReceivedAt })
    }
    return received
  }

  /** A message that is hidden keeps back those of its group behind it. */
  #blockedGroups(now: number): ReadonlySet<string> {
    const blocked = new Set<string>()
    if (!this.fifo) return blocked
    for (const { message, visibleAt } of this.#slots.values())
      if (visibleAt > now && message.group !== undefined) blocked.add(message.group)
    return blocked
  }

  /** @returns false for a receipt that is none of this queue's */
  remove(receipt: string): boolean {
    const slot = this.#byReceipt.get(receipt)
    if (slot !== undefined) this.#drop(slot.message.id)
    // Of a message that is gone already it is fine.
    return slot !== undefined || /^[\da-f-]{36}#[\da-f-]{36}$/.test(receipt)
  }

  /** @param visibility seconds from now on @returns false if the message is not in flight under the receipt */
  hide(receipt: string, now: number, visibility: number): boolean {
    const slot = this.#byReceipt.get(receipt)
    if (slot === undefined || slot.visibleAt <= now) return false
    slot.visibleAt = now + visibility * 1_000
    return true
  }

  purge(): void {
    for (const id of [...this.#slots.keys()]) this.#drop(id)
  }

  #drop(id: string): void {
    const slot = this.#slots.get(id)
    if (slot?.receipt !== undefined) this.#byReceipt.delete(slot.receipt)
    this.#slots.delete(id)
    this.#shelf.delete(this.#shelved(id))
  }

  /** No queue has a slash in its name. */
  #shelved(id: string): string {
    return `${this.name}/${id}`
  }

  /** When the next hidden message can be seen; undefined if none is hidden. */
  nextVisible(now: number): number | undefined {
    let next: number | undefined
    for (const { visibleAt } of this.#slots.values())
      if (visibleAt > now && visibleAt < (next ?? Number.POSITIVE_INFINITY)) next = visibleAt
    return next
  }

  counts(now: number): { readonly visible: number; readonly inFlight: number; readonly delayed: number } {
    const counts = { visible: 0, inFlight: 0, delayed: 0 }
    for (const { visibleAt, receives } of this.#slots.values())
      counts[visibleAt <= now ? 'visible' : receives === 0 ? 'delayed' : 'inFlight'] += 1
    return counts
  }

  /** All that are there, in the order in which they were sent. */
  get messages(): readonly Message[] {
    return [...this.#slots.values()].map(({ message }) => message)
  }
}
