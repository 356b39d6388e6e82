import { describe, expect, test } from 'vitest'
import {
  deadLettersCases,
  deadLettersOrderCases,
  entityReaderCases,
  eventSinkCases,
  referenceStoreCases,
  reminderSchedulerCases,
  stateStoreCases,
  stateStoreExpiryCases,
  stateStoreListCases,
  tableScannerCases,
  timelineCases,
} from '../conformance/index.ts'
import type { StatePage, StateStore } from '../ports/index.ts'
import {
  memoryDeadLetters,
  memoryEntities,
  memoryEvents,
  memoryReferences,
  memoryScheduler,
  memoryState,
  memoryTimeline,
  virtualClock,
} from './index.ts'

function timed() {
  const clock = virtualClock()
  return { clock, now: clock.now, advance: (ms: number) => clock.moveTo(clock.now() + ms) }
}

describe('memoryState', () => {
  for (const { name, run } of [...stateStoreCases, ...stateStoreListCases])
    test(name, () => run(memoryState()))
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

test('a store that lists in another order, forgets where a page ended, or shows what is over fails the suite', async () => {
  const failing = async (
    change: (page: StatePage, list: List, prefix: string) => StatePage | Promise<StatePage>,
  ) => {
    const failed: string[] = []
    for (const { name, run } of stateStoreListCases) {
      const store = memoryState()
      const list: List = (...args) => store.list?.(...args) ?? Promise.reject(new Error('no list'))
      const wrong = {
        ...store,
        list: async (...args: Parameters<List>) => change(await list(...args), list, args[0]),
      }
      await run(wrong).catch(() => failed.push(name))
    }
    return failed
  }
  const byUnits = (page: StatePage) => ({
    ...page,
    items: page.items.toSorted((a, b) => (a.key < b.key ? -1 : 1)),
  })
  expect(await failing((page) => page)).toEqual([])
  expect(await failing(byUnits)).toEqual([
    'items come in the order of the UTF-8 bytes of their keys, whatever is in them',
  ])
  const several = expect.stringContaining('more than 1,000 items are several pages')
  expect(await failing((page) => ({ ...page, cursor: undefined }))).toContainEqual(several)
  expect(
    await failing(async (page, list, prefix) => ({ ...page, items: (await list(prefix)).items })),
  ).toContainEqual(several)
})

type List = NonNullable<StateStore['list']>

describe('memoryReferences', () => {
  for (const { name, run } of referenceStoreCases) {
    test(name, () => {
      const time = timed()
      return run({ store: memoryReferences(time), ...time })
    })
  }
})

describe('memoryDeadLetters', () => {
  for (const { name, run } of [...deadLettersCases, ...deadLettersOrderCases])
    test(name, () => run(memoryDeadLetters()))
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

describe('memoryTimeline', () => {
  for (const { name, run } of timelineCases)
    test(name, () => run({ timeline: memoryTimeline(), now: Date.now }))
})

describe('memoryEntities, page by page', () => {
  for (const { name, run } of tableScannerCases)
    test(name, () => {
      const scanner = memoryEntities()
      const put = async (item: { readonly id: string }) => scanner.put('clients', { id: item.id }, item)
      const remove = async (id: string) => scanner.remove('clients', { id })
      return run({ scanner, table: 'clients', put, remove })
    })
})
