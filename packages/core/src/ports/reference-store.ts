/**
 * A cache of references: which execution belongs to which key. It may forget at any time, so nothing may depend on it
 * for correctness. `ttl` is in milliseconds, up to years; keys hold up to 1,024 bytes of any characters, values 2 KB. What not every
 * store holds is refused, as `checkReference` and `checkReferenceKey` do: the same in every store.
 * Backend failures are thrown classified: `Unavailable` for outages, anything else as it came.
 */
export interface ReferenceStore {
  /** Stores the value if the key is absent, and says whether it did. Atomic. */
  add(key: string, value: string, ttl: number): Promise<boolean>
  get(key: string): Promise<string | undefined>
  set(key: string, value: string, ttl: number): Promise<void>
  delete(key: string): Promise<void>
  /** Asks once at the start of a process; see `StateStore.check`. */
  check?(): Promise<void>
}
