/**
 * Owns the keys of all items in the state store: what an operator finds there. Every key begins with the application.
 *
 * | key                                        | holds                                                  | expires                 |
 * |--------------------------------------------|--------------------------------------------------------|-------------------------|
 * | `APP/claim/REACTOR/ROUTE/IDENTITY`         | `state`: held (`until`), released, completed, dead (`letter`, `generation`) | `retention` after its last write |
 * | `APP/guard/REACTOR/ROUTE/LANE`             | the newest version that was handled (`min`, `max`, `clock`), `ids`, `dead`, `state`, `until` | likewise |
 * | `APP/park/REACTOR/ROUTE/BUCKET//LANE`      | `first`, `last`: positions of the lane's kept records  | never: until it is drained |
 * | `APP/kept/REACTOR/ROUTE/LANE/POSITION`     | `letter`: the id of its dead letter, `next`: a position | never: until it is drained |
 * | `APP/journal/STREAM/SHARD/SEQUENCE`        | `journal`, `processes` that opened it without an outcome, `opens`: how many | `retention` |
 * | `APP/suspect/STREAM/SHARD`                 | for each position the processes that were charged      | `retention`             |
 * | `APP/tick/REACTOR/ROUTE`                   | `to`: the end of the last window that was handled      | never                   |
 * | `APP/watch/REACTOR/ROUTE`                  | how a watch stands: see `handlers/src/watch/item.ts`   | never                   |
 * | `APP/reminder/NAME/KEY`                    | a reminder: see `reminders/state.ts`                   | `retention` after it is due; a year while it is pending |
 * | `APP/due/HOUR/BUCKET//MM:SS.mmm/NAME`      | when to look whether the `reminder` of a `key` and `generation` was sent, `looks`: how often that was done | `retention` after that time |
 * | `APP/sweep`                                | `to`: the moment up to which the sweeper has looked    | never                   |
 *
 * A key with `//` can be listed: the part before it is the collection, the part behind it the member.
 */

import { sha256 } from '../wire/digest.ts'

/** A key in a message: whose and of which kind, without what users chose. */
export function shownKey(key: string): string {
  return `${key.split('/').slice(0, 2).join('/')}/...`
}

/** Ids and keys are chosen by users; a store's keys end at 1,024 bytes. */
export function shortName(text: string): string {
  return text.length > 200 ? sha256(text) : text
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

export const journalKey = (application: string, stream: string, shard: string, sequence: string): string =>
  `${application}/journal/${stream}/${shard}/${sequence}`

export const suspectKey = (application: string, stream: string, shard: string): string =>
  `${application}/suspect/${stream}/${shard}`

export const tickKey = (application: string, route: string): string => `${application}/tick/${route}`

/** @param route `reactor/route`, of a watch */
export const watchKey = (application: string, route: string): string => `${application}/watch/${route}`

/** A reminder's key is readable; of one that is long the digest stands in its place, which is its own. */
export const reminderKey = (application: string, reminder: string, key: string): string =>
  `${application}/reminder/${reminder}/${boundedKey(key)}`

/** A reminder's key as envelopes and state have it: both fit what they must, however it is escaped. */
export const boundedKey = (key: string): string =>
  Buffer.byteLength(JSON.stringify(key)) > LONGEST_KEY ? sha256(key) : key

/** Bytes of JSON: what application and reminder leave of an envelope's 1,024. */
const LONGEST_KEY = 450

/** A moment of the calendar of what is due: its hour and bucket are a collection, whose members begin with the minute. */
export function dueKey(application: string, moment: number, name: string): string {
  const { hour, rest } = partsOf(moment)
  const digest = shortName(name)
  return `${dueIn(application, hour, bucketOf(digest))}${rest}/${digest}`
}

/** Lengths of time that have prefixes of their own. Milliseconds, the longest first. */
export const SPANS = [3_600_000, 600_000, 60_000] as const

/** Every prefix under which something is due in the hour, the ten minutes or the minute of a moment. */
export function duePrefixes(application: string, moment: number, span: (typeof SPANS)[number]): string[] {
  const { hour, rest } = partsOf(moment)
  const minutes = rest.slice(0, SPANS.indexOf(span))
  return Array.from({ length: BUCKETS }, (_, bucket) => `${dueIn(application, hour, bucket)}${minutes}`)
}

const dueIn = (application: string, hour: string, bucket: number): string =>
  `${application}/due/${hour}/${bucket}//`

function partsOf(moment: number): { readonly hour: string; readonly rest: string } {
  const text = new Date(moment).toISOString()
  return { hour: text.slice(0, -11), rest: text.slice(-10, -1) }
}

export const sweepKey = (application: string): string => `${application}/sweep`
