/** Owns the shape of a kind of thing that can arrive. Each kind is one file in `kinds/`, and one line in `kinds/index.ts`. */

import type { EventSpec } from '../declare/event.ts'
import type { UserRecord } from '../wire/index.ts'
import type { Share } from './content.ts'
import type { RoutePlan, Want } from './plan.ts'
import type { EngineOptions, Place } from './settings.ts'

/** What is told of a route that does not want an item: the reason is put into words only if somebody asks. */
export type Why = (want: Want, matched: boolean, reason: () => string) => void

/** How one kind of thing is recognised, and what it causes. */
export interface Reader<Item = unknown> {
  /** Tells from the first bytes; undefined if only the parsed JSON can tell. */
  scan?(bytes: Buffer): Item | 'unwanted' | undefined
  /** The item in a parsed JSON object; undefined if the object is something else. */
  recognise(json: Readonly<Record<string, unknown>>, bytes: Buffer): Item | 'unwanted' | undefined
  /** Recognises an item also if no route wants it: for explanations. */
  readonly unwanted?: Pick<Reader<Item>, 'scan' | 'recognise'>
  /** What the item is, in words: "a change of 'clients'". */
  describe(item: Item): string
  /** The share of each route that wants the item; a promise only if a schema is asynchronous. */
  shares(
    item: Item,
    record: UserRecord,
    place: Place,
    why?: Why,
  ): readonly Share[] | Promise<readonly Share[]>
}

/** What a kind knows of the engine that it reads for. */
export interface Reading {
  readonly application: string
  readonly routes: readonly RoutePlan[]
  readonly wants: readonly Want[]
}

export interface Kind {
  readonly name: string
  /** The event specs that routes want of this kind. */
  readonly spec: EventSpec['kind'] | undefined
  /** Whether its events are addressed to routes, so that two may share a name. */
  readonly addressed?: boolean
  reader(reading: Reading): Reader
  /** What of the engine's options keeps its routes from working. */
  problems?(reading: Reading, options: EngineOptions): readonly string[]
}
