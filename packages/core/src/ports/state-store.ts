import { SpaceshipError } from '../errors.ts'

/**
 * Keyed items with compare-and-set and expiry. Claims, Lambda's journal and reminder state sit on it, so a user
 * configures one table.
 *
 * Obligations of an adapter:
 * - `get` is strongly consistent: it sees every earlier `set`, whoever made it.
 * - `set` and `delete` are atomic with their condition.
 * - A version is never used again for its key, not even after the item was deleted or expired.
 * - An item is absent for every method from one second after `expiresAt` at the latest, also if the backend removes it
 *   later. Each `set` decides anew.
 * - Keys hold up to 1,024 bytes, values at least 300 KB of JSON. What JSON would change is refused, as `exactJson` of
 *   `@spaceship/core/adapter` does: the same in every store. So is what not every store holds, as `checkStateKey` and
 *   `checkStateWrite` do: keys that are empty, longer than DynamoDB's or no Unicode text, larger values, ends that are no moment.
 * - Backend failures are thrown classified: `Unavailable` for throttling and outages, with `setup` for what somebody has to mend;
 *   `Permanent` for what the request holds; anything else as it came.
 *
 * The engine calls it once or twice for each record of a `claim` route, and once per partially failed Lambda batch; many
 * calls run at the same time.
 */
export interface StateStore {
  get(key: string): Promise<StateItem | undefined>
  /** Writes if the item is as `expect` says; answers with what is there now either way. */
  set(key: string, value: StateValue, options: SetOptions): Promise<SetResult>
  /** True if the item was there at `version` and is gone now. */
  delete(key: string, version: string): Promise<boolean>
  /**
   * A page of the items whose keys begin with `prefix`, which must name a collection: see {@link listedKey}. A store that cannot
   * list has no such method, and says so from its construction on.
   *
   * Obligations of an adapter that has it:
   * - Items come in the ascending order of the UTF-8 bytes of their keys.
   * - It sees every write that had resolved when it was called, and no item that is absent for `get`.
   * - A page has at most 1,000 items, and about 1 MiB. It may have none although more follow: only a page without `cursor` is the last.
   * - `cursor` is opaque, and goes with the prefix of its page. However many writes come between two pages, an item that was there
   *   throughout is in exactly one of them, and no item is in two.
   *
   * @param cursor of the page before; without it the first page
   * @throws SpaceshipError `state-key` for a prefix that names no collection
   */
  list?(prefix: string, cursor?: string): Promise<StatePage>
  /**
   * How many milliseconds the store's clock is ahead of this process's `Date.now()`, as far as its answers have told; negative if it is
   * behind, 0 as long as nothing speaks against that. It asks nothing: each answer of another method may correct it. Owners that share a
   * store compare leases by its clock, so that theirs may be wrong. A store that is told no time has no such method: then the clocks of
   * its users must agree within `maxClockSkew`.
   */
  clockOffset?(): number
  /**
   * Asks once, at the start of a process, for everything that the other methods will need. It uses only actions that the adapter says to
   * grant, and leaves nothing behind.
   *
   * @returns what was made, in words, for the log; undefined if nothing was
   * @throws Unavailable with `setup` for what somebody has to mend: the start fails with it; without, for an outage: the start waits
   */
  check?(): Promise<string | undefined>
}

export interface StatePage {
  readonly items: readonly { readonly key: string; readonly item: StateItem }[]
  /** Of the next page; undefined if this is the last one. */
  readonly cursor: string | undefined
}

/** A key that a store can list, as its collection and what stands behind it. */
export interface ListedKey {
  readonly collection: string
  readonly member: string
}

/**
 * The parts of a key of the form `collection//member`, which `list` finds; undefined for any other key. The first `//` divides, but
 * for one at the beginning, and one behind a colon: ids are often URIs, and what has such an id is no collection.
 *
 * A store may keep a collection in one partition: whoever names keys spreads what is much over several.
 *
 * @example
 * listedKey('app/park/route/07//lane') // { collection: 'app/park/route/07', member: 'lane' }
 * listedKey('app/claim/route/https://shop.example#7') // undefined
 */
export function listedKey(key: string): ListedKey | undefined {
  const before = key.search(/[^:]\/\//)
  if (before === -1) return undefined
  return { collection: key.slice(0, before + 1), member: key.slice(before + 3) }
}

/** The collection of a prefix, and how its members begin. @throws SpaceshipError `state-key` if it names no collection */
export function listedPrefix(prefix: string): ListedKey {
  const listed = listedKey(prefix)
  if (listed !== undefined) return listed
  const advice = "expected 'collection//', and behind it how the members begin"
  throw new SpaceshipError('state-key', `the prefix '${prefix}' names no collection to list: ${advice}`)
}

export type StateValue = { readonly [name: string]: Json }
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json }

export interface StateItem {
  readonly value: StateValue
  /** Opaque; changes with each write. */
  readonly version: string
}

export interface SetOptions {
  /** The version that must be there; `undefined` means that the item must be absent. */
  readonly expect: string | undefined
  /** @default never */
  readonly expiresAt?: Date
}

export type SetResult =
  | { readonly ok: true; readonly version: string }
  | { readonly ok: false; readonly current: StateItem | undefined }
