/** Owns the description of a project as data, for machines: what it is made of, in a form that has a version. */

import { shownWhen } from '@spaceship/core/adapter'
import { describe, type RouteDescription } from '@spaceship/core/engine'
import type { Config, Known } from '../project/index.ts'

export interface Description {
  /** Of this form: a field that is taken away or means something else makes it another. */
  readonly version: 1
  readonly application: string
  readonly streams: readonly string[]
  readonly entities: readonly EntityDescription[]
  readonly events: readonly EventDescription[]
  readonly reminders: readonly { readonly name: string; readonly unless?: string }[]
  /** Times are milliseconds. */
  readonly routes: readonly RouteDescription[]
}

interface EntityDescription {
  readonly name: string
  readonly table: string
  /** The key attributes: partition, then sort. */
  readonly key: readonly string[]
  /** What tells the kind from others in its table. */
  readonly when?: Readonly<Record<string, unknown>> | string
  /** The attribute that counts versions. */
  readonly counts?: string
}

interface EventDescription {
  readonly name: string
  readonly kind: 'change' | 'published'
  readonly entity?: string
  /** What happens to the row. */
  readonly on?: readonly string[]
  /** Who deletes it. */
  readonly by?: string
  /** The fields of its pattern. */
  readonly fields?: readonly string[]
}

const WORDS: Readonly<Record<string, string>> = { INSERT: 'created', MODIFY: 'changed', REMOVE: 'removed' }

export function descriptionOf({ application, streams }: Config, known: Known): Description {
  return {
    version: 1,
    application,
    streams,
    entities: [...known.entities.values()].map(({ name, table, key, when, version }) => ({
      name,
      table,
      key,
      ...(when === undefined ? {} : { when: shownWhen(when) }),
      ...(version === undefined ? {} : { counts: version }),
    })),
    events: eventsOf(known),
    reminders: known.events.flatMap(({ name, spec }) => {
      if (spec.kind !== 'reminder') return []
      return [{ name, ...(spec.unless === undefined ? {} : { unless: spec.unless.entity.name }) }]
    }),
    routes: known.reactors.flatMap((reactor) => describe(reactor)),
  }
}

function eventsOf({ events, published }: Known): readonly EventDescription[] {
  const changes = events.flatMap(({ name, spec }): EventDescription[] => {
    if (spec.kind !== 'change') return []
    return [
      {
        name,
        kind: 'change',
        entity: spec.entity.name,
        on: spec.on.map((kind) => WORDS[kind] ?? kind),
        ...(spec.by === undefined ? {} : { by: spec.by }),
        ...(spec.pattern === undefined ? {} : { fields: Object.keys(spec.pattern) }),
      },
    ]
  })
  return [...changes, ...[...published.keys()].map((name): EventDescription => ({ name, kind: 'published' }))]
}
