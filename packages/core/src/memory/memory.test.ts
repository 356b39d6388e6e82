import { describe, expect, test } from 'vitest'
import {
  deadLettersCases,
  entityReaderCases,
  eventSinkCases,
  referenceStoreCases,
  reminderSchedulerCases,
  stateStoreCases,
  stateStoreExpiryCases,
} from '../conformance/index.ts'
import type { StateStore } from '../ports/index.ts'
import {
  memoryDeadLetters,
  memoryEntities,
  memoryEvents,
  memoryReferences,
  memoryScheduler,
  memoryState,
  virtualClock,
} from './index.ts'

function timed() {
  const clock = virtualClock()
  return { clock, now: clock.now, advance: (ms: number) => clock.moveTo(clock.now() + ms) }
}

describe('memoryState', () => {
  for (const { name, run } of stateStoreCases) test(name, () => run(memoryState()))
  for (const { name, run } of stateStoreExpiryCases) {
    test(name, () => {
      const time = timed()
      return run({ store: memoryState(time), ...time })
    })
  }
})

test('a store that does not tell who won fails the suite, and does not hang it', async () => {
  const failed: string[] = []
  for (const { name, run } of stateStoreCases) {
    const store = memoryState()
    const mute: typeof store = {
      ...store,
      set: async (...args) => {
        const result = await store.set(...args)
        return result.ok ? result : { ok: false, current: undefined }
      },
    }
    await run(mute).catch(() => failed.push(name))
  }
  expect(failed).toContain(
    'increments by compare-and-set lose none, starting over from what a lost set was told',
  )
})

test('a store that cuts long keys, or loses empty texts, fails the suite', async () => {
  const cutting = memoryState()
  const losing = memoryState()
  const short = (key: string) => key.slice(0, 300)
  const wrong: Record<string, StateStore> = {
    'keys that look alike are different items': {
      get: (key) => cutting.get(short(key)),
      set: (key, ...rest) => cutting.set(short(key), ...rest),
      delete: (key, version) => cutting.delete(short(key), version),
    },
    'what was set is read back whole': {
      ...losing,
      set: (key, { empty: _, ...value }, options) => losing.set(key, value, options),
    },
  }
  for (const [name, store] of Object.entries(wrong))
    await expect(stateStoreCases.find((each) => each.name === name)?.run(store), name).rejects.toThrow()
})

describe('memoryReferences', () => {
  for (const { name, run } of referenceStoreCases) {
    test(name, () => {
      const time = timed()
      return run({ store: memoryReferences(time), ...time })
    })
  }
})

describe('memoryDeadLetters', () => {
  for (const { name, run } of deadLettersCases) test(name, () => run(memoryDeadLetters()))
})

describe('memoryEntities', () => {
  for (const { name, run } of entityReaderCases) {
    test(name, () => {
      const reader = memoryEntities()
      const keys = {
        'conformance-text': ['id'],
        'conformance-composite': ['client', 'no'],
        'conformance-binary': ['digest'],
      }
      return run({
        reader,
        write: async (table, row) => {
          reader.put(table, Object.fromEntries(keys[table].map((name) => [name, row[name]])), row)
        },
        remove: async (table, key) => reader.remove(table, key),
      })
    })
  }
})

describe('memoryEvents', () => {
  for (const { name, run } of eventSinkCases) {
    test(name, () => {
      const sink = memoryEvents()
      return run({ sink, received: async () => sink.records })
    })
  }
})

describe('memoryScheduler', () => {
  for (const { name, run } of reminderSchedulerCases) {
    test(name, () => {
      const { clock, now } = timed()
      const scheduler = memoryScheduler()
      const fired = async (until: number) => {
        await clock.moveTo(Math.max(until, now()))
        const encoder = new TextEncoder()
        return scheduler.due(now()).map(({ partitionKey, envelope }) => ({
          partitionKey,
          data: encoder.encode(envelope),
        }))
      }
      return run({ scheduler, now, fired })
    })
  }
})
