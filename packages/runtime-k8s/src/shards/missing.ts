/**
 * Owns the question which leases a stream still needs, as KCL 2.x answers it. A child gets its lease when its parent ends; here only shards that
 * no lease leads to are found: at the first start, and after a gap.
 *
 * | the table has                              | a lease is made for                                     | at               |
 * |--------------------------------------------|---------------------------------------------------------|------------------|
 * | none of the stream, start `LATEST`         | the open shards                                         | `LATEST`         |
 * | none of the stream, start `TRIM_HORIZON`   | the oldest shards: those whose parents are gone         | `TRIM_HORIZON`   |
 * | none of the stream, start `AT_TIMESTAMP`   | the shards that were open then, which are all that is   | `AT_TIMESTAMP`   |
 * |                                            | looked at                                               |                  |
 * | some: an open shard that none leads to     | it, or but for `LATEST` its oldest ancestors that   | the start        |
 * |                                            | no leased shard follows: those were read                |                  |
 * | some: one that follows a leased shard which | it: somebody has deleted its row, or the stream did     | `TRIM_HORIZON`   |
 * | has ended, if all that it follows is leased | not list it when that one ended                         |                  |
 * | some: one whose parents are led to in part | the parents without a lease, or but for `LATEST`        | `TRIM_HORIZON`   |
 * |                                            | their oldest ancestors: it waits for both               |                  |
 * | some: one of which nothing is read, whose  | likewise, but for `LATEST`: somebody has deleted the    | the start        |
 * | parent is listed, has no lease, and was    | parent's row; that of an ended one stays until all      |                  |
 * | not read                                   | that follows it is begun                                |                  |
 *
 * https://github.com/awslabs/amazon-kinesis-client, `docs/lease-lifecycle.md`.
 */

import { childrenIn, type Shard } from './shard.ts'

/** Of a stream: where its first leases begin. `AT_TIMESTAMP` goes with a time. */
export type Start = 'TRIM_HORIZON' | 'LATEST' | 'AT_TIMESTAMP'

export interface Missing {
  readonly shard: Shard
  readonly checkpoint: Start
}

/** The shards of a stream that have a lease, by their ids. */
export interface Leased {
  /** All of them, ended ones included. */
  readonly all: ReadonlySet<string>
  /** Those at their shard's end: they lead to nothing any more. @default none */
  readonly ended?: ReadonlySet<string>
  /** Those at `TRIM_HORIZON`: what they follow need not have been read. @default none */
  readonly fresh?: ReadonlySet<string>
}

const NONE: ReadonlySet<string> = new Set()

/** The fresh shards that follow one which the stream still has, which has no lease, and which nobody is known to have read. */
export function orphansIn(shards: readonly Shard[], { all, fresh = NONE }: Leased): readonly string[] {
  const { owned, parentsOf, passed } = lineageOf(shards, { all, fresh })
  const isUnread = (shard: Shard) => !all.has(shard.id) && !passed.has(shard)
  return owned.filter((shard) => fresh.has(shard.id) && parentsOf(shard).some(isUnread)).map(({ id }) => id)
}

function lineageOf(shards: readonly Shard[], { all, fresh = NONE }: Leased) {
  const known = new Map(shards.map((shard) => [shard.id, shard]))
  const named = (ids: readonly string[]) => ids.flatMap((id) => known.get(id) ?? [])
  /** The parents that the stream still has. */
  const parentsOf = ({ parents }: Shard) => named(parents)
  const owned = shards.filter(({ id }) => all.has(id))
  const begun = owned.filter(({ id }) => !fresh.has(id))
  /** What a leased shard follows of which something was read has been read to its end. */
  const passed = reached(begun.flatMap(parentsOf), parentsOf)
  return { known, named, owned, parentsOf, passed }
}

export function missingLeases(shards: readonly Shard[], given: Leased, start: Start): readonly Missing[] {
  const { all: leased, ended = NONE, fresh = NONE } = given
  const { known, named, owned, parentsOf, passed } = lineageOf(shards, given)
  const children = childrenIn(shards)
  const open = shards.filter((shard) => shard.open)
  /** What was read, and whose row somebody has deleted, will not end again. */
  const isOver = (shard: Shard) => passed.has(shard) && !leased.has(shard.id)
  /** What follows a leased shard that has expired: it still ends, and leads there. */
  const followers = shards.filter(({ parents }) => parents.some((id) => leased.has(id) && !known.has(id)))
  /** To these the end of a leased shard leads. */
  const led = reached([...owned, ...followers], (shard) =>
    isOver(shard) ? [] : named(children.get(shard.id) ?? []),
  )

  /** Those that wait: for all of their parents, and one that nobody reads would keep them waiting for ever. */
  const isWaiting = (shard: Shard) => led.has(shard) && !leased.has(shard.id) && !isOver(shard)
  const followed = owned.filter(({ id }) => fresh.has(id)).flatMap(parentsOf)
  const waiting = reached([...open, ...followed].filter(isWaiting), (shard) =>
    parentsOf(shard).filter(isWaiting),
  )
  const kept = [
    ...[...waiting].flatMap(parentsOf).filter((parent) => !led.has(parent)),
    ...followed.filter((parent) => !led.has(parent) && !passed.has(parent)),
  ]
  const unled = open.filter((shard) => !led.has(shard))

  const made = new Map<Shard, Start>()
  for (const shard of shards) {
    const isLeft = !leased.has(shard.id) && !passed.has(shard) && shard.parents.some((id) => ended.has(id))
    if (isLeft && parentsOf(shard).every(({ id }) => leased.has(id))) made.set(shard, 'TRIM_HORIZON')
  }
  if (leased.size === 0 && start === 'AT_TIMESTAMP') {
    for (const shard of shards) made.set(shard, start)
  } else if (start === 'LATEST') {
    for (const shard of kept) made.set(shard, 'TRIM_HORIZON')
    for (const shard of unled) made.set(shard, start)
  } else {
    const unread = (shard: Shard) => parentsOf(shard).filter((parent) => !passed.has(parent))
    for (const shard of reached([...kept, ...unled], unread))
      if (unread(shard).length === 0) made.set(shard, start)
  }
  // In the order in which the stream lists them: the oldest first.
  return shards.flatMap((shard) => {
    const checkpoint = made.get(shard)
    return checkpoint === undefined ? [] : [{ shard, checkpoint }]
  })
}

/** All to which steps lead, each once: many ways may lead to one, and they may be long. */
function reached(from: readonly Shard[], next: (shard: Shard) => readonly Shard[]): ReadonlySet<Shard> {
  const found = new Set(from)
  // A set that grows while it is walked is walked to its end.
  for (const shard of found) for (const other of next(shard)) found.add(other)
  return found
}
