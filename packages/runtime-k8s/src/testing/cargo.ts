/** Owns what a simulated fleet carries instead of the simulation's own records: what services save, and the reactors that it is to be handled by. */

import { type Entity, entity, type Reactor } from '@spaceship/core'
import type { StateStore } from '@spaceship/core/ports'
import type { ChangeRecord } from '@spaceship/core/testing'
import type { Process } from './universe.ts'

/** What reactors of one process are made with. Each process has its own, and all have one store. */
export interface SimulatedProcess {
  readonly workerId: string
  /** Its clock: what waits by another one waits in real time, of which none passes. */
  readonly clock: Process['clock']
  readonly state: StateStore
}

export type Table = Pick<Entity<unknown>['spec'], 'table' | 'key'>

export interface Cargo {
  /** In the order in which services save them. */
  readonly changes: readonly ChangeRecord[]
  /** What is saved is of these. */
  readonly entities: readonly Table[]
  readonly reactors: (process: SimulatedProcess) => readonly Reactor[]
}

/** A schema that takes every row as it is. */
const anything = {
  '~standard': { version: 1, vendor: 'spaceship', validate: (value: unknown) => ({ value }) },
} as const

/** Every change of these tables, whatever its rows are. */
export function watched({ entities }: Pick<Cargo, 'entities'>) {
  const tables = new Map(entities.map(({ table, key }) => [table, key]))
  return [...tables].flatMap(([table, [first = 'id', second]], n) => {
    const key = second === undefined ? first : { partition: first, sort: second }
    // Safe: the names of the key are those of the table's own entity, and of rows nothing is asked.
    const one = entity(`watched-${n}`, { table, key: key as never, schema: anything as never })
    return [one.saved(`watched-${n}.saved`), one.removed(`watched-${n}.removed`)]
  })
}

/** A reactor whose handlers go on in no process that is dead: a turn of its event loop may be left here, and is not in truth. */
export function mortal(reactor: Reactor, process: Process): Reactor {
  const routes = reactor.routes.map((route) => {
    // Safe: it is only handed what it would get.
    const handler = route.handler as (...given: readonly unknown[]) => unknown
    const guarded = (...given: readonly unknown[]) =>
      process.alive ? handler(...given) : new Promise<never>(() => {})
    // Safe: it is called with what its handler is called with, and answers what that answers.
    return { ...route, handler: Object.assign(guarded, route.handler) as typeof route.handler }
  })
  return { ...reactor, routes }
}
