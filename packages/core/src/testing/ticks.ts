/** Owns the ticks of the virtual scheduler: when the next one comes, and the record that it puts. */

import { type EngineRoute, nextEnd, tickEnvelope } from '../engine.ts'
import type { Arrival } from './stream.ts'

type ScheduleSpec = NonNullable<EngineRoute['schedule']>

export interface Ticks {
  /** Routes made with `every`. */
  readonly routes: readonly string[]
  /** When the next one comes, in milliseconds since 1970. */
  readonly next: number | undefined
  /** What has come by now. */
  due(now: number): readonly Arrival[]
  /** One for this route, at once. */
  tick(route: string, now: number): Arrival
}

export function createTicks(routes: readonly EngineRoute[], application: string, start: number): Ticks {
  const specs = new Map<string, { readonly spec: ScheduleSpec; next: number }>()
  for (const { key, schedule: spec } of routes) {
    if (spec !== undefined) specs.set(key, { spec, next: after(start, spec) })
  }

  function arrival(route: string, at: number): Arrival {
    const scheduled = new Date(at).toISOString()
    return {
      partitionKey: route,
      data: new TextEncoder().encode(tickEnvelope({ application, route, scheduled })),
    }
  }

  return {
    routes: [...specs.keys()],
    get next() {
      const next = Math.min(...[...specs.values()].map(({ next }) => next))
      return Number.isFinite(next) ? next : undefined
    },
    due: (now) =>
      [...specs].flatMap(([route, schedule]) => {
        const arrivals: Arrival[] = []
        for (; schedule.next <= now; schedule.next = after(schedule.next, schedule.spec))
          arrivals.push(arrival(route, schedule.next))
        return arrivals
      }),
    tick: arrival,
  }
}

/** The next end of a window, with its delay, after the moment. */
function after(moment: number, { windows, delay }: ScheduleSpec): number {
  return nextEnd(windows, moment - delay) + delay
}
