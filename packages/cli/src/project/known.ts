/** Owns what a project's reactors name: its entities, events, reminders and schedules, each once, and the tables that these need. */

import type { Entity, PublishedEvent, Reactor } from '@spaceship/core'
import { check, like, list, refuse, required } from '@spaceship/core/adapter'
import type { TableOptions } from '@spaceship/local'
import type { Config, Reactors } from '../config.ts'
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

/**
 * @param made what `config.reactors` made
 * @throws ConfigurationError that lists every problem: no reactors, names that two of them have, tables whose entities contradict each other
 */
export function knownOf(config: Config, made: Reactors): Known {
  const subject = `spaceship.config of '${config.application}'`
  // A config may be written without types.
  const reactors: readonly Reactor[] = Array.isArray(made) ? made : [made]
  check(subject, MADE, { reactors }, () => namesakesIn(reactors))
  const events = [...new Set(reactors.flatMap(({ routes }) => routes.flatMap((route) => route.events)))]
  const specs = [...(config.entities ?? []).map(({ spec }) => spec), ...events.flatMap(entitiesOf)]
  refuse(subject, clashesIn(specs))
  const entities = new Map(specs.map((spec) => [spec.name, spec]))
  const published = new Map<string, Publishable>()
  for (const event of config.events ?? []) published.set(event.name, event)
  for (const { name, spec } of events) if (spec.kind === 'published') published.set(name, { name, spec })
  return { reactors, entities, published, events, tables: tablesOf(config, [...entities.values()]) }
}

const REACTOR = like('a reactor, as in reactors: () => [onboarding(deps)]', (one) =>
  Array.isArray(Object(one).routes),
)
const MADE = { reactors: required(list(REACTOR, 'at least one reactor', 1)) }

function namesakesIn(reactors: readonly Reactor[]): string[] {
  const byName = Map.groupBy(reactors, (reactor) => Object(reactor).name)
  return [...byName]
    .filter(([name, { length }]) => name !== undefined && length > 1)
    .map(([name]) => `two reactors are named '${name}': expected a name of its own for each`)
}

function entitiesOf({ spec }: Event): readonly EntitySpec[] {
  if (spec.kind === 'change') return [spec.entity]
  return spec.kind === 'reminder' && spec.unless !== undefined ? [spec.unless.entity] : []
}

/** Commands name an entity by its name alone, and a table has one key. */
function clashesIn(specs: readonly EntitySpec[]): string[] {
  const problems = new Set<string>()
  const byName = new Map<string, EntitySpec>()
  const byTable = new Map<string, EntitySpec>()
  for (const spec of specs) {
    const named = byName.get(spec.name) ?? spec
    byName.set(spec.name, named)
    if (named.table !== spec.table)
      problems.add(
        `two entities are named '${spec.name}', of the tables '${named.table}' and '${spec.table}': expected a name of its own for each`,
      )
    const other = byTable.get(spec.table) ?? spec
    byTable.set(spec.table, other)
    if (other.key.join() !== spec.key.join())
      problems.add(
        `the table '${spec.table}' has the key (${other.key.join(', ')}) by the entity '${other.name}', and (${spec.key.join(', ')}) by the entity '${spec.name}': expected the key of the table in both`,
      )
  }
  return [...problems]
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
