/** Owns what a project's reactors name: its entities, events, reminders and schedules, each once, and the tables that these need. */

import type { Entity, PublishedEvent, Reactor } from '@spaceship/core'
import type { TableOptions } from '@spaceship/local'
import type { Config } from '../config.ts'
import { keyTypesOf } from './json-schema.ts'

export type EntitySpec = Entity<unknown>['spec']
export type Publishable = Pick<PublishedEvent<unknown>, 'name' | 'spec'>
type Event = Reactor['routes'][number]['events'][number]

export interface Known {
  readonly reactors: readonly Reactor[]
  readonly entities: ReadonlyMap<string, EntitySpec>
  /** Published events. */
  readonly published: ReadonlyMap<string, Publishable>
  /** All that routes want, by name. */
  readonly events: readonly Event[]
  readonly tables: readonly TableOptions[]
}

/** @param reactors what `config.reactors` made */
export function knownOf(config: Config, reactors: readonly Reactor[]): Known {
  const events = [...new Set(reactors.flatMap(({ routes }) => routes.flatMap((route) => route.events)))]
  const entities = new Map<string, EntitySpec>()
  for (const { spec } of config.entities ?? []) entities.set(spec.name, spec)
  const published = new Map<string, Publishable>()
  for (const event of config.events ?? []) published.set(event.name, event)
  for (const { name, spec } of events) {
    if (spec.kind === 'change') entities.set(spec.entity.name, spec.entity)
    if (spec.kind === 'published') published.set(name, { name, spec })
    if (spec.kind === 'reminder' && spec.unless !== undefined)
      entities.set(spec.unless.entity.name, spec.unless.entity)
  }
  return { reactors, entities, published, events, tables: tablesOf(config, [...entities.values()]) }
}

/** The config's tables, and of those that only entities name one each. */
function tablesOf(
  { tables = [], streams }: Config,
  entities: readonly EntitySpec[],
): readonly TableOptions[] {
  const [stream] = streams
  const piped = stream === undefined ? {} : { stream }
  const all = new Map(tables.map((table) => [table.name, { ...piped, ...table }]))
  for (const spec of entities) {
    if (all.has(spec.table)) continue
    const [partition = '', sort] = spec.key
    const types = keyTypesOf(spec)
    all.set(spec.table, {
      name: spec.table,
      key: sort === undefined ? partition : { partition, sort },
      ...(Object.keys(types).length === 0 ? {} : { types }),
      ...piped,
    })
  }
  return [...all.values()]
}
