/**
 * `whenExhausted: 'park'`. Owns parked lanes: lanes whose records wait, in order, until someone drains them. The records themselves are
 * dead letters.
 *
 * ```
 *            a record is exhausted              drained: its last letter is done
 *   open ──────────────────────────> parked ──────────────────────────────────────> open
 *                                    │    ▲
 *                                    └────┘ later records of the lane are kept behind it
 *
 *   lane { first, last } ──> kept { letter, next } ──> kept { letter, next } ──> … ──> kept { letter }
 * ```
 *
 * An item for each parked lane and one for each kept record, so that parking, following and draining cost the same however many are
 * parked. Both are written before the record is acknowledged, and the letter after both: whoever finds a letter without its lane would
 * redrive it out of order.
 *
 * | a kept record            | written in this order                                                             |
 * |--------------------------|-----------------------------------------------------------------------------------|
 * | opens the lane           | kept, lane                                                                        |
 * | comes behind the others  | kept, `next` of the one before it, `last` of the lane                             |
 * | comes before another     | kept (not `linked`, with its `next`), `next` of the one before it, kept (`linked`) |
 * | is taken out             | its letter, `first` of the lane (or the lane), kept                               |
 *
 * A lane belongs to one shard at a time, and a parent shard ends before its child opens, so what is known of it holds for the delivery.
 * The names of a route's parked lanes are listed when a delivery opens, where its store can list; elsewhere, and on a source that
 * redelivers, each lane is looked up when its first record comes.
 */

import { type Attempt, concluded, type Entered, type Stage } from '../engine/attempt.ts'
import { draftOf, extended } from '../engine/ending.ts'
import { type LetterDraft, letterId, writeLetter } from '../engine/letters.ts'
import type { Ending, Verdict } from '../engine/outcome.ts'
import type { RoutePlan } from '../engine/plan.ts'
import type { Scope } from '../engine/scope.ts'
import type { Capability } from '../engine/stage.ts'
import type { LogFields } from '../log/index.ts'
import type { StateItem, StateStore } from '../ports/index.ts'
import { BUCKETS, change, keptKey, parkedLaneKey, parkedLanes, shortName } from '../state/index.ts'
import { comparePositions, formatPosition, type Position, parsePosition } from '../wire/index.ts'

export const park: Capability = {
  name: 'park',
  serves: { option: 'whenExhausted', value: 'park' },
  place: 'lane',
  limits: ({ state }) =>
    state.list === undefined
      ? "the state store cannot list: each lane of a route that parks is looked up, and none is listed; give dynamodbState 'sorted: true', and its table the sort key 'sort'"
      : undefined,
  stage: (plan, scope) => new ParkStage(plan, scope),
}

/** Where a kept record stands: its shard, its position, and the part of it if it has several. */
type Spot = string

class ParkStage implements Stage {
  readonly #plan: RoutePlan
  readonly #scope: Scope
  readonly #lanes: Lanes
  /** Attempts at the first letter of a lane, by where that letter stands. */
  readonly #draining = new WeakMap<Attempt, Spot>()

  constructor(plan: RoutePlan, scope: Scope) {
    this.#plan = plan
    this.#scope = scope
    this.#lanes = new Lanes(plan, scope)
  }

  ready(): Promise<void> {
    return this.#lanes.load()
  }

  async enter(attempt: Attempt): Promise<Entered> {
    const { content, task } = attempt
    const { lane } = task
    const isParked = lane !== '' && (await this.#lanes.has(lane))
    if (content.names === undefined) return isParked ? this.#keepBehind(attempt) : undefined
    if (!isParked) return undefined
    // A letter of a parked lane brings its whole lane: by itself it would overtake those before it.
    const first = await this.#lanes.first(lane)
    if (first === undefined) return concluded({ kind: 'skip', reason: NO_LETTER })
    attempt.letter = first.letter
    this.#draining.set(attempt, first.spot)
    return undefined
  }

  leave(attempt: Attempt, verdict: Verdict, ending: Ending): Ending {
    const spot = this.#draining.get(attempt)
    const { lane } = attempt.task
    if (verdict.kind !== 'dead') {
      // Another part of the same letter is next.
      if (spot === undefined || ending.outcome.kind !== 'ended') return ending
      const { step, detail } = ending.outcome
      const after = [() => this.#takeOut(lane, spot, attempt.letter ?? '')]
      return extended(ending, {
        after,
        outcome: { kind: 'again', step: step === 'skipped' ? 'skipped' : 'done', detail },
      })
    }
    const { letter } = ending
    if (letter === undefined || lane === '' || ending.outcome.kind !== 'ended') return ending
    const { step: _, ...outcome } = ending.outcome
    const keep = async () => {
      const isNew = !(await this.#lanes.has(lane))
      await this.#lanes.append(lane, spotOf(letter.place, letter.record, letter.part), letter.id)
      if (isNew) this.#tellOfParking(letter)
    }
    // What is drained and fails again is kept already.
    return extended(ending, {
      before: spot === undefined ? [keep] : [],
      outcome: { ...outcome, step: 'parked' },
    })
  }

  /** A record of a lane that is parked already; or was parked for it, by an owner that died before it wrote the letter. */
  async #keepBehind(attempt: Attempt): Promise<Entered> {
    const { task } = attempt
    const detail = 'its lane is parked'
    const { record } = task.entry
    const id = letterId(this.#scope.place, this.#plan, record)
    await this.#lanes.append(task.lane, spotOf(this.#scope.place, record, undefined), id)
    const draft = { ...draftOf(attempt, 'parked', detail), id, attempts: 0 }
    const steps = [() => writeLetter(this.#scope.settings, draft)]
    return { kind: 'ending', ending: { steps, outcome: { kind: 'ended', step: 'parked', detail } } }
  }

  #tellOfParking({ about, id, detail }: LetterDraft): void {
    const fields: LogFields = { ...about, outcome: 'parked', letter: id, details: { detail } }
    this.#scope.settings.logger.error(
      'lane parked: its records are kept in order until it is drained',
      fields,
    )
  }

  /** The letter first: a letter that no lane names any more would be redriven although it is done. */
  async #takeOut(lane: string, spot: Spot, letter: string): Promise<void> {
    await this.#scope.settings.deadLetters?.remove(letter)
    await this.#lanes.takeOut(lane, spot)
  }
}

const NO_LETTER = 'no letter of its lane is left'

/** Lanes that were looked up and are not parked: beyond so many they are looked up again. */
const LOOKED_UP = 10_000

class Lanes {
  readonly #scope: Scope
  readonly #state: StateStore
  /** The route's own key, then its former ones. */
  readonly #keys: readonly string[]
  /** Parked lanes, and under which of the route's keys. */
  readonly #parked = new Map<string, string>()
  /** Lanes that are known not to be parked; undefined if all others are not. */
  #open: Set<string> | undefined = new Set()

  constructor({ keys }: RoutePlan, scope: Scope) {
    this.#scope = scope
    this.#state = scope.settings.state
    this.#keys = keys
  }

  /** Lists the names, where that costs less than to ask for each lane. */
  async load(): Promise<void> {
    const { application } = this.#scope.settings
    if (this.#scope.redelivers === 'suffix' || this.#state.list === undefined) return
    // The route's own key last: it wins over former ones.
    for (const key of this.#keys.toReversed()) {
      const buckets = Array.from({ length: BUCKETS }, (_, bucket) => parkedLanes(application, key, bucket))
      await Promise.all(buckets.map((prefix) => this.#loadFrom(prefix, key)))
    }
    this.#open = undefined
  }

  async #loadFrom(prefix: string, key: string): Promise<void> {
    let cursor: string | undefined
    do {
      const page = await this.#state.list?.(prefix, cursor)
      for (const { key: item } of page?.items ?? []) this.#parked.set(item.slice(prefix.length), key)
      cursor = page?.cursor
    } while (cursor !== undefined)
  }

  async has(lane: string): Promise<boolean> {
    const name = shortName(lane)
    if (this.#parked.has(name)) return true
    if (this.#open === undefined || this.#open.has(name)) return false
    for (const key of this.#keys) {
      if ((await this.#state.get(this.#laneKey(lane, key))) === undefined) continue
      this.#parked.set(name, key)
      return true
    }
    if (this.#open.size >= LOOKED_UP) this.#open.clear()
    this.#open.add(name)
    return false
  }

  /** Keeps a record of the lane, and parks the lane if it is not. A record that is kept already is not kept again. */
  async append(lane: string, spot: Spot, letter: string): Promise<void> {
    const [own = ''] = this.#keys
    const home = this.#parked.get(shortName(lane)) ?? own
    const laneKey = this.#laneKey(lane, home)
    const keptKey = this.#keptKey(lane, home, spot)
    const { result: kept } = await change<StateItem | undefined>(
      this.#state,
      keptKey,
      (item) =>
        item === undefined ? { write: { letter }, result: undefined } : { keep: true, result: item },
      'absent',
    )
    for (let isLinked = false; !isLinked; ) {
      const known = await this.#state.get(laneKey)
      const [first, last] = [known && textOf(known, 'first'), known && textOf(known, 'last')]
      if (first === undefined || last === undefined || last === spot) {
        // What an owner left that died as it took the record out would lead to records that are gone.
        if (last === undefined && kept !== undefined)
          await this.#set(keptKey, { letter, next: null, linked: true })
        const parked = { first: spot, last: spot }
        const won = await change(
          this.#state,
          laneKey,
          (item) =>
            item === undefined ? { write: parked, result: true } : { keep: true, result: last === spot },
          known ?? 'absent',
        )
        isLinked = won.result
      } else if (kept !== undefined && isLinkedIn(kept) && !isBehind(first, spot)) isLinked = true
      else if (isBehind(last, spot)) {
        await this.#insert(lane, home, spot)
        isLinked = true
      } else {
        await this.#set(this.#keptKey(lane, home, last), { next: spot })
        await this.#set(laneKey, { last: spot })
        isLinked = true
      }
    }
    this.#parked.set(shortName(lane), home)
    this.#open?.delete(shortName(lane))
  }

  /** The letter that is next; undefined if the lane has none, and then the lane is open. */
  async first(lane: string): Promise<{ readonly letter: string; readonly spot: Spot } | undefined> {
    const home = this.#parked.get(shortName(lane)) ?? ''
    const item = await this.#state.get(this.#laneKey(lane, home))
    const spot = item && textOf(item, 'first')
    const kept = spot === undefined ? undefined : await this.#state.get(this.#keptKey(lane, home, spot))
    const letter = kept && textOf(kept, 'letter')
    if (spot !== undefined && letter !== undefined) return { letter, spot }
    // An owner that opened the lane may have died before it was done, or somebody edited the items.
    if (item !== undefined) await this.#state.delete(this.#laneKey(lane, home), item.version)
    this.#opened(lane)
    return undefined
  }

  /** Takes the first record of the lane out; the lane is open again after the last one. */
  async takeOut(lane: string, spot: Spot): Promise<void> {
    const home = this.#parked.get(shortName(lane)) ?? ''
    const keptKey = this.#keptKey(lane, home, spot)
    const kept = await this.#state.get(keptKey)
    const next = kept && textOf(kept, 'next')
    const { result: isOpen } = await change(this.#state, this.#laneKey(lane, home), (item) => {
      if (item === undefined) return { keep: true, result: true }
      // A repeat of this step finds the lane one further.
      if (textOf(item, 'first') !== spot) return { keep: true, result: false }
      return next === undefined
        ? { remove: true, result: true }
        : { write: { ...item.value, first: next }, result: false }
    })
    if (kept !== undefined) await this.#state.delete(keptKey, kept.version)
    if (isOpen) this.#opened(lane)
  }

  #opened(lane: string): void {
    this.#parked.delete(shortName(lane))
    this.#open?.add(shortName(lane))
  }

  /** A record that was done comes again after an unclean death: it is not run after what had failed behind it. */
  async #insert(lane: string, home: string, spot: Spot): Promise<void> {
    const laneKey = this.#laneKey(lane, home)
    const item = await this.#state.get(laneKey)
    let before: Spot | undefined
    let after = item && textOf(item, 'first')
    while (after !== undefined && after !== spot && !isBehind(after, spot)) {
      const at = await this.#state.get(this.#keptKey(lane, home, after))
      before = after
      after = at && textOf(at, 'next')
    }
    if (after !== spot) {
      const next = after === undefined ? {} : { next: after }
      await this.#set(this.#keptKey(lane, home, spot), { ...next, linked: false })
      if (before === undefined) await this.#set(laneKey, { first: spot })
      else await this.#set(this.#keptKey(lane, home, before), { next: spot })
      if (after === undefined) await this.#set(laneKey, { last: spot })
    }
    await this.#set(this.#keptKey(lane, home, spot), { linked: true })
  }

  /** Sets fields of an item that is there. */
  async #set(key: string, fields: StateItem['value']): Promise<void> {
    await change(this.#state, key, (item) =>
      item === undefined
        ? { keep: true, result: undefined }
        : { write: { ...item.value, ...fields }, result: undefined },
    )
  }

  #laneKey(lane: string, route: string): string {
    return parkedLaneKey(this.#scope.settings.application, route, lane)
  }

  #keptKey(lane: string, route: string, spot: Spot): string {
    return keptKey(this.#scope.settings.application, route, lane, spot)
  }
}

/** Whether the record before it leads to it, as far as the record itself tells. */
function isLinkedIn(kept: StateItem): boolean {
  return textOf(kept, 'next') !== undefined && kept.value.linked !== false
}

function textOf(item: StateItem, field: string): string | undefined {
  const value = item.value[field]
  return typeof value === 'string' ? value : undefined
}

function spotOf(
  { stream, shard }: { readonly stream: string; readonly shard: string },
  position: Position,
  part: string | undefined,
): Spot {
  return `${stream}/${shard}/${formatPosition(position)}${part === undefined ? '' : `/${part}`}`
}

/** Whether a record came after another on one shard. Records of two shards stay as they came: a parent ends before its child begins. */
function isBehind(a: Spot, b: Spot): boolean {
  const [left, right] = [parsed(a), parsed(b)]
  if (left.shard !== right.shard) return false
  const order = comparePositions(left.position, right.position)
  return order > 0 || (order === 0 && Number(left.part) > Number(right.part))
}

function parsed(spot: Spot) {
  const [stream = '', shard = '', position = '', part = '0'] = spot.split('/')
  return { shard: `${stream}/${shard}`, position: parsePosition(position), part }
}
