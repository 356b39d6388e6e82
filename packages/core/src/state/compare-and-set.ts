/**
 * Owns the one compare-and-set: an item is read, a decision is made on what it holds, and the decision is written if the item is still
 * the same; else the decision is made anew on what is there now.
 */

import type { StateItem, StateStore, StateValue } from '../ports/index.ts'
import { Unavailable } from '../verdicts.ts'
import { shownKey } from './keys.ts'

/** What is to become of an item, and what the caller gets once that has happened. */
export type Change<T> =
  | {
      readonly write: StateValue
      readonly expiresAt?: Date
      /** Waited for before the write: what must stand wherever that does. It is harmless alone, and may be done again. */
      readonly first?: (() => Promise<void>) | undefined
      readonly result: T
    }
  | { readonly remove: true; readonly result: T }
  | { readonly keep: true; readonly result: T }

export interface Changed<T> {
  readonly result: T
  /** Of the item as it stands now; undefined if there is none. */
  readonly version: string | undefined
}

/** A store that loses a race this often tells nothing that is true. */
const MOST_TRIES = 100

/**
 * @param known what the caller knows of the item already, which saves the first read: the item itself, or 'absent'
 * @throws Unavailable `state` if the item never stays as it was told
 */
export async function change<T>(
  store: Pick<StateStore, 'get' | 'set' | 'delete'>,
  key: string,
  decide: (item: StateItem | undefined) => Change<T>,
  known: StateItem | 'absent' | 'unknown' = 'unknown',
): Promise<Changed<T>> {
  let item = known === 'unknown' ? await store.get(key) : known === 'absent' ? undefined : known
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const next = decide(item)
    if ('keep' in next) return { result: next.result, version: item?.version }
    if ('remove' in next) {
      if (item === undefined || (await store.delete(key, item.version)))
        return { result: next.result, version: undefined }
      item = await store.get(key)
      continue
    }
    const { write, expiresAt, first, result } = next
    if (first) await first()
    const options = expiresAt === undefined ? {} : { expiresAt }
    const answer = await store.set(key, write, { expect: item?.version, ...options })
    if (answer.ok) return { result, version: answer.version }
    item = answer.current
  }
  throw new Unavailable(
    'state',
    `an item '${shownKey(key)}' changed at each of ${MOST_TRIES} attempts to write it`,
  )
}

/** The texts of a list in an item; none if the item holds something else there. */
export function textsIn(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : []
}
