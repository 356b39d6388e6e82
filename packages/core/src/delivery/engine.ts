/** Owns the engine: its options, parsed once, and what outlives a delivery. Never sees a record. */

import { SpaceshipError } from '../errors.ts'
import type { StateStore } from '../ports/index.ts'
import { formatPosition, type Position } from '../wire/index.ts'
import { type EngineOptions, parseOptions, type Settings } from './configuration.ts'
import { openDelivery } from './delivery.ts'
import type { Engine, Source } from './seam.ts'

/** How long an open waits for the handlers that an earlier delivery left behind. */
const ORPHAN_GRACE = 1_000

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

  return {
    application: settings.application,
    open: async (source, hold = {}) => {
      await orphansGone()
      const journals = source.redelivers === 'suffix' ? journalsOf(settings, source) : undefined
      const orphaned = (handler: Promise<unknown>) => {
        const gone = () => orphans.delete(handler)
        orphans.add(handler)
        handler.then(gone, gone)
      }
      return openDelivery({ settings, source, hold, journals, orphaned })
    },
  }

  /** A frozen process thaws in the next invocation: a handler of the former one must not act after newer records ran. */
  async function orphansGone(): Promise<void> {
    if (orphans.size === 0) return
    const over = new AbortController()
    await Promise.race([Promise.allSettled(orphans), settings.clock.sleep(ORPHAN_GRACE, over.signal)])
    over.abort()
    if (orphans.size === 0) return
    throw new SpaceshipError(
      'tainted',
      `${orphans.size} handler(s) of an earlier delivery ignored their signal and still run: nothing may start beside them`,
    )
  }
}

function journalsOf({ application, clock, retention, state }: Settings, { stream, shard }: Source) {
  const keyOf = (first: Position) => `${application}/journal/${stream}/${shard}/${formatPosition(first)}`
  return {
    load: async (first: Position) => {
      const item = await state.get(keyOf(first))
      const journal = item?.value.journal
      return typeof journal === 'string' ? journal : undefined
    },
    save: (first: Position, journal: string) =>
      overwrite(state, keyOf(first), journal, new Date(clock.now() + retention)),
  }
}

/** The shard has one owner, which alone writes; a lost race means that a zombie wrote, and the newer one stands. */
async function overwrite(state: StateStore, key: string, journal: string, expiresAt: Date): Promise<void> {
  const current = await state.get(key)
  await state.set(key, { journal }, { expect: current?.version, expiresAt })
}
