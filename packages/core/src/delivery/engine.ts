/** Owns the engine: its options, parsed once, and what outlives a delivery. Never sees a record. */

import { shown } from '../configuration.ts'
import { refuse, SpaceshipError } from '../errors.ts'
import { GRACE } from './attempt/index.ts'
import { type EngineOptions, parseOptions } from './configuration.ts'
import { openDelivery } from './delivery.ts'
import { createGate } from './order/index.ts'
import { createBudget } from './progress/index.ts'
import type { Engine } from './seam.ts'

/**
 * The delivery engine, for runtimes: see `seam.ts` for what they owe it.
 *
 * @throws ConfigurationError that lists every problem
 * @example
 * const engine = createEngine({ application: 'onboarding', reactors: [greeter], state: memoryState(), deadLetters: memoryDeadLetters() })
 * const delivery = await engine.open({ stream: 'clients-cdc', shard: 'shardId-000000000000', redelivers: 'none' })
 */
export function createEngine(options: EngineOptions): Engine {
  const settings = parseOptions(options)
  const orphans = new Set<Promise<unknown>>()
  const gate = createGate(settings)
  const budget = createBudget(settings.maxAhead.bytes)
  const known = new Set(settings.plans.routes.flatMap(({ key, reactor }) => [key, reactor]))
  let overdue = 0

  function named(key: string): string {
    refuse(
      `route '${shown(key)}'`,
      known.has(key) ? [] : [`there is none: name one of ${[...known].join(', ')}`],
    )
    return key
  }

  return {
    application: settings.application,
    get overdue() {
      return overdue
    },
    pause: (key) => gate.pause(named(key)),
    resume: (key) => gate.resume(named(key)),
    open: async (source, hold = {}) => {
      await orphansGone()
      return openDelivery({ settings, source, hold, gate, budget, late, orphaned })
    },
  }

  function late(handler: Promise<unknown>): void {
    overdue += 1
    const settled = () => {
      overdue -= 1
    }
    handler.then(settled, settled)
  }

  function orphaned(handler: Promise<unknown>): void {
    const gone = () => orphans.delete(handler)
    orphans.add(handler)
    handler.then(gone, gone)
  }

  /** A frozen process thaws in the next invocation: a handler of the former one must not act after newer records ran. */
  async function orphansGone(): Promise<void> {
    if (orphans.size === 0) return
    const over = new AbortController()
    await Promise.race([Promise.allSettled(orphans), settings.clock.sleep(GRACE, over.signal)])
    over.abort()
    if (orphans.size === 0) return
    throw new SpaceshipError(
      'tainted',
      `${orphans.size} handler(s) of an earlier delivery ignored their signal and still run: nothing may start beside them`,
    )
  }
}
