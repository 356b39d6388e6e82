/** Owns the engine: its options, parsed once, and what outlives a delivery. Never sees a record. */

import { refuse, SpaceshipError } from '../errors.ts'
import { called } from '../shapes.ts'
import type { StreamRecord } from '../wire/index.ts'
import { announcing } from './announced.ts'
import { createBudget } from './budget.ts'
import { checkPorts } from './check.ts'
import type { Beyond } from './deadlines.ts'
import { openDelivery } from './delivery.ts'
import { stagesOf } from './describe.ts'
import { explain } from './explain.ts'
import { createGate } from './gate.ts'
import { type Parts, parseOptions } from './options.ts'
import { wantsOf } from './plan.ts'
import type { Engine } from './seam.ts'
import type { EngineOptions, ProcessAbout } from './settings.ts'
import { within } from './within.ts'

/** How long handlers of an earlier delivery may take to settle before a new one is refused. */
const ORPHANED = 1_000

/** @throws ConfigurationError that lists every problem */
export function makeEngine(options: EngineOptions, parts: Parts, about: ProcessAbout = {}): Engine {
  const { settings, announce } = announcing(parseOptions(options, parts, about))
  const beyond: Beyond = { late: new Set(), left: new Set() }
  const readers = parts.kinds.map((kind) =>
    kind.reader({ application: settings.application, ...settings.plans }),
  )
  const gate = createGate(
    settings,
    settings.plans.routes.map((plan) =>
      parts.capabilities.flatMap((each) =>
        plan.capabilities.includes(each) ? (each.admission?.(plan, settings.clock) ?? []) : [],
      ),
    ),
  )
  const budget = createBudget(settings.maxAhead.bytes)
  const { routes, wants } = settings.plans
  for (const { name, limits } of parts.capabilities) {
    const users = routes.filter((plan) => plan.capabilities.some((each) => each.name === name))
    const limit = users.length === 0 ? undefined : limits?.(options)
    if (limit !== undefined) settings.logger.warn(limit, { details: { routes: users.map(({ key }) => key) } })
  }

  function named(key: string): string {
    const known = new Set(routes.flatMap((plan) => [plan.key, plan.reactor]))
    refuse(
      called('route', key),
      known.has(key) ? [] : [`no reactor has it: expected one of ${[...known].join(', ')}`],
    )
    return key
  }

  const engine: Engine = {
    application: settings.application,
    logger: settings.logger,
    // Nobody asks on Lambda, so it is not part of the start.
    get routes() {
      const wanted = wantsOf(settings.plans)
      return routes.map((plan) => ({
        key: plan.key,
        keys: plan.keys,
        stages: stagesOf(plan.capabilities, plan.middleware.length > 0),
        schedule: wanted[plan.index]?.flatMap(({ spec }) => (spec.kind === 'schedule' ? spec : []))[0],
      }))
    },
    explain: (record: StreamRecord) =>
      explain(record, { application: settings.application, stream: '', shard: '' }, wants, readers),
    check: () => checkPorts(settings),
    get room() {
      return budget.room
    },
    get overdue() {
      return beyond.late.size
    },
    pause: (key) => gate.pause(named(key)),
    resume: (key) => gate.resume(named(key)),
    open: async (source, hold = {}) => {
      // A worker owns each shard by itself: what is left of one must not keep it from the others.
      if (source.redelivers === 'suffix') await orphansGone()
      return openDelivery({ settings, readers, parts, source, hold, gate, budget, beyond })
    },
  }
  announce(engine)
  return engine

  /** A frozen process thaws in the next invocation: a handler of the former one must not act after newer records ran. */
  async function orphansGone(): Promise<void> {
    const { left } = beyond
    if (left.size > 0)
      await within(settings.clock, ORPHANED, Promise.allSettled([...left].map(({ handler }) => handler)))
    if (left.size === 0) return
    throw new SpaceshipError(
      'tainted',
      `${left.size} handler(s) of a former delivery ignore their signal: nothing may start beside them`,
    )
  }
}
