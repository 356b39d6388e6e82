/**
 * Owns the answer to "why did this route not fire?": what each route makes of a record, in words. The kinds match the record as they
 * always do, and tell their reasons on the way; no handler runs.
 */

import { ignoreRejection } from '../foreign.ts'
import type { UserRecord } from '../wire/index.ts'
import type { Reader } from './kind.ts'
import { recognise } from './match.ts'
import type { Want } from './plan.ts'
import type { Place } from './settings.ts'

/** What a route makes of a record. */
export interface Explanation {
  /** `reactor/route`. */
  readonly route: string
  readonly matched: boolean
  /** In words; values of the fields that decide are shown, as far as they are short texts or numbers. */
  readonly why: string
}

const seeing = (reader: Reader): Reader => ({ ...reader, ...reader.unwanted })

/** One entry for each route. A schema that is asynchronous cannot be asked here, and the entry says so. */
export function explain(
  record: UserRecord,
  place: Place,
  wants: readonly Want[],
  readers: readonly Reader[],
): readonly Explanation[] {
  const told = new Map<Want, { readonly matched: boolean; readonly why: string }>()
  const asked = recognise(record.data, readers)
  // The head of the record was enough to see that no route wants it: here all of it is told.
  const found = asked === 'unwanted' ? recognise(record.data, readers.map(seeing)) : asked
  const rest = restOf()
  const routes = new Map<
    string,
    { readonly event: string; readonly matched: boolean; readonly why: string }[]
  >()
  for (const want of wants) {
    const list = routes.get(want.plan.key) ?? []
    routes.set(want.plan.key, list)
    list.push({ event: want.name, ...(told.get(want) ?? { matched: false, why: rest }) })
  }
  return [...routes].map(([route, list]) => {
    const hit = list.find(({ matched }) => matched)
    const why = hit?.why ?? list.map((told) => `${told.event}: ${told.why}`).join('; ')
    return { route, matched: hit !== undefined, why }
  })

  /** Fills `told`. @returns what holds of the routes that nothing is told of */
  function restOf(): string {
    if (found === 'unwanted') return 'nobody asked for it'
    if (found.reader === undefined) return `the record is ${found.reason}: ${found.detail}`
    const { reader, item } = found
    const shares = reader.shares(item, record, place, (want, matched, reason) => {
      if (!told.has(want)) told.set(want, { matched, why: reason() })
    })
    if (!(shares instanceof Promise)) return reader.describe(item)
    ignoreRejection(shares)
    return 'its schema is asynchronous: this cannot be told beforehand'
  }
}
