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
 * - Keys hold up to 1,024 bytes, values at least 300 KB of JSON.
 * - Backend failures are thrown classified: `Unavailable` for throttling and outages, anything else as it came.
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
  list?(prefix: string, cursor?: string): Promise<StatePage>
}

export interface StatePage {
  readonly items: readonly { readonly key: string; readonly item: StateItem }[]
  readonly cursor: string | undefined
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
