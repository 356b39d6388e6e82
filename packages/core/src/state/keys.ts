/**
 * Owns the keys of all items in the state store: what an operator finds there. Every key begins with the application.
 *
 * | key                                        | holds                                                  | expires                 |
 * |--------------------------------------------|--------------------------------------------------------|-------------------------|
 * | `APP/claim/REACTOR/ROUTE/IDENTITY`         | `state`: held (`until`), released, completed, dead (`letter`, `generation`) | `retention` after its last write |
 * | `APP/guard/REACTOR/ROUTE/LANE`             | `marks`: of each clock the newest `version` that was handled, `at` which time, and its `ids`; `dead`, `state`, `until` | likewise |
 * | `APP/park/REACTOR/ROUTE/BUCKET//LANE`      | `first`, `last`: positions of the lane's kept records  | never: until it is drained |
 * | `APP/kept/REACTOR/ROUTE/LANE/POSITION`     | `letter`: the id of its dead letter, `next`: a position | never: until it is drained |
 * | `APP/journal/STREAM/SHARD/SEQUENCE`        | `journal`, `processes` that opened it without an outcome, `opens`: how many | `retention` |
 * | `APP/suspect/STREAM/SHARD`                 | for each position the processes that were charged      | `retention`             |
 * | `APP/tick/REACTOR/ROUTE`                   | `to`: the end of the last window that was handled      | never                   |
 * | `APP/notice`                               | of a fleet of workers: `news`, raised when leases have become free, and `beat`, raised while somebody looks for dead workers | never |
 * | `APP/watch/REACTOR/ROUTE`                  | how a watch stands: see `handlers/src/watch/item.ts`   | never                   |
 * | `APP/reminder/NAME/KEY`                    | a reminder: see `reminders/state.ts`                   | `retention` after it is due; a year while it is pending |
 * | `APP/due/DAY/BUCKET//HH:MM:SS.mmm/NAME`     | when to look whether the `reminder` of a `key` and `generation` was sent, `looks`: how often that was done | `retention` after that time |
 * | `APP/sweep`                                | `to`: the moment up to which the sweeper has looked    | never                   |
 * | `APP/backfill/RUN`                         | what a backfill is of: `table`, `reactor`, `routes`, `segments`, `startedAt`, `token` | never: until the run begins anew |
 * | `APP/backfill/RUN/SEGMENT`                 | how far it has come: `cursor`, `pages`, `rows`, `done` | likewise                |
 * | `APP/rebuild/INDEX`                        | the `version` of an index that is made anew, its `stage` (scanning, shown) and the `run` of its backfill | never |
 *
 * A key with `//` can be listed: the part before it is the collection, the part behind it the member.
 */

import { sha256 } from '../wire/digest.ts'

/** A key in a message: whose and of which kind, without what users chose. */
export function shownKey(key: string): string {
  return `${key.split('/').slice(0, 2).join('/')}/...`
}

/** Ids and keys are chosen by users; a store's keys end at 1,024 bytes, and are Unicode text. */
export function shortName(text: string): string {
  return text.length > 200 || !text.isWellFormed() ? sha256(text) : text
}

export const claimKey = (application: string, route: string, identity: string): string =>
  `${application}/claim/${route}/${shortName(identity)}`

export const guardKey = (application: string, route: string, lane: string): string =>
  `${application}/guard/${route}/${shortName(lane)}`

/** Parked lanes of a route are spread over so many collections, so that no partition of a table holds them all. */
export const BUCKETS = 8

export const parkedLanes = (application: string, route: string, bucket: number): string =>
  `${application}/park/${route}/${bucket}//`

export function parkedLaneKey(application: string, route: string, lane: string): string {
  const name = shortName(lane)
  return `${parkedLanes(application, route, bucketOf(name))}${name}`
}

/** FNV-1a: equal texts must find their bucket again, nothing more. */
function bucketOf(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return (hash >>> 0) % BUCKETS
}

export const keptKey = (application: string, route: string, lane: string, position: string): string =>
  `${application}/kept/${route}/${shortName(lane)}/${position}`

export const backfillKey = (application: string, run: string): string =>
  `${application}/backfill/${shortName(run)}`

export const segmentKey = (application: string, run: string, segment: number): string =>
  `${backfillKey(application, run)}/${segment}`

export const rebuildKey = (application: string, index: string): string =>
  `${application}/rebuild/${shortName(index)}`

export const journalKey = (application: string, stream: string, shard: string, sequence: string): string =>
  `${application}/journal/${stream}/${shard}/${sequence}`

export const suspectKey = (application: string, stream: string, shard: string): string =>
  `${application}/suspect/${stream}/${shard}`

export const tickKey = (application: string, route: string): string => `${application}/tick/${route}`

export const noticeKey = (application: string): string => `${application}/notice`

/** @param route `reactor/route`, of a watch */
export const watchKey = (application: string, route: string): string => `${application}/watch/${route}`

/** A reminder's key is readable; of one that is long the digest stands in its place, which is its own. */
export const reminderKey = (application: string, reminder: string, key: string): string =>
  `${application}/reminder/${reminder}/${boundedKey(key)}`

/** A reminder's key as envelopes and state have it: both fit what they must, however it is escaped. */
export const boundedKey = (key: string): string =>
  Buffer.byteLength(JSON.stringify(key)) > LONGEST_KEY || !key.isWellFormed() ? sha256(key) : key

/** Bytes of JSON: what application and reminder leave of an envelope's 1,024. */
const LONGEST_KEY = 450

/** A moment of the calendar of what is due: its day and bucket are a collection, whose members begin with the time. */
export function dueKey(application: string, moment: number, name: string): string {
  const { day, time } = partsOf(moment)
  const digest = shortName(name)
  return `${dueIn(application, day, bucketOf(digest) % DUE_BUCKETS)}${time}/${digest}`
}

/** The calendar's own: what is scheduled in a second, at the quota of any scheduler, is no burden for so many partitions of a table. */
const DUE_BUCKETS = 4

/** Lengths of time that have prefixes of their own, in milliseconds, with so many characters of the time. The longest first. */
const PREFIXES = [
  [86_400_000, ''.length],
  [3_600_000, 'HH'.length],
  [600_000, 'HH:M'.length],
  [60_000, 'HH:MM'.length],
] as const

/**
 * Prefixes under which all is listed that is due from a moment on, but not at or after another one, for as long as prefixes can tell.
 *
 * @param longest milliseconds that they tell at once at most
 * @returns them, and the moment at which they end
 */
export function duePrefixes(
  application: string,
  from: number,
  to: number,
  longest: number,
): { readonly prefixes: readonly string[]; readonly until: number } {
  const { day, time } = partsOf(from)
  const whole = PREFIXES.find(([span]) => span <= longest && from % span === 0 && from + span <= to)
  const [span, length] = whole ?? [60_000, 'HH:MM'.length]
  const prefixes = Array.from(
    { length: DUE_BUCKETS },
    (_, bucket) => `${dueIn(application, day, bucket)}${time.slice(0, length)}`,
  )
  return { prefixes, until: Math.min(to, Math.floor(from / span) * span + span) }
}

const dueIn = (application: string, day: string, bucket: number): string =>
  `${application}/due/${day}/${bucket}//`

function partsOf(moment: number): { readonly day: string; readonly time: string } {
  const [day = '', time = ''] = new Date(moment).toISOString().slice(0, -1).split('T')
  return { day, time }
}

export const sweepKey = (application: string): string => `${application}/sweep`
