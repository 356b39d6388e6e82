/** Parking, redrive and bounds, for any interleaving; fast-check prints the seed of a failure. */

import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { createRedrive, type StreamRecord } from '../../src/engine.ts'
import { reactor } from '../../src/index.ts'
import {
  type MemoryDeadLetters,
  memoryDeadLetters,
  memoryEvents,
  memoryState,
  virtualClock,
} from '../../src/memory/index.ts'
import type { StateStore } from '../../src/ports/index.ts'
import { engineOf, idle, inserted, parkedLane, record, saved, worker } from '../bench.ts'

type Action =
  | { readonly do: 'push'; readonly key: string }
  | { readonly do: 'break' | 'mend' | 'drain' | 'redrive'; readonly key: string }
  | { readonly do: 'crash' | 'hand over' | 'pass' }
  /** The next write: refused; done, but answered with an error; done, and never answered. */
  | { readonly do: 'refuse' | 'lose' | 'hang' }

const keys = fc.constantFrom('a', 'b', 'c')
const actions: fc.Arbitrary<readonly Action[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('push' as const), key: keys }) },
    {
      weight: 6,
      arbitrary: fc.record({ do: fc.constantFrom('break', 'mend', 'drain', 'redrive'), key: keys }),
    },
    { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('crash', 'hand over', 'pass') }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('refuse', 'lose', 'hang') }) },
  ) as fc.Arbitrary<Action>,
  { maxLength: 30 },
)

/** Flies the actions, then mends and drains everything. */
async function fly(
  given: readonly Action[],
  whenExhausted: 'park' | 'dead-letter',
  effect: 'journal' | 'claim',
) {
  const clock = virtualClock()
  const memory = memoryState({ clock })
  const kept = memoryDeadLetters()
  let fault: Action['do'] | undefined
  const write = async <T>(run: () => Promise<T>): Promise<T> => {
    const mine = fault
    fault = undefined
    if (mine === 'refuse') throw new Error('refused')
    const answer = await run()
    if (mine === 'lose') throw new Error('the answer was lost')
    return mine === 'hang' ? new Promise<never>(() => {}) : answer
  }
  const state: StateStore = {
    get: memory.get,
    set: (...args) => write(() => memory.set(...args)),
    delete: (...args) => write(() => memory.delete(...args)),
  }
  const deadLetters: MemoryDeadLetters = {
    ...kept,
    get letters() {
      return kept.letters
    },
    put: (letter) => write(() => kept.put(letter)),
    remove: (id) => write(() => kept.remove(id)),
  }
  const broken = new Set<string>()
  const seen = new Map<string, number[]>()
  const others: string[] = []
  const stream: StreamRecord[] = []
  const sink = memoryEvents((outgoing) => void stream.push({ ...record(stream.length + 1, ''), ...outgoing }))
  const redrive = createRedrive({ application: 'app', deadLetters, events: sink, clock })
  const app = () =>
    reactor('r', { retry: { attempts: 2, base: '100ms', max: '100ms' } })
      .on(
        'post',
        saved,
        async (e, { signal }) => {
          await clock.sleep(5, signal)
          // A process that has died has no effect.
          signal.throwIfAborted()
          if (broken.has(e.after.id)) throw new Error('no')
          seen.set(e.after.id, [...(seen.get(e.after.id) ?? []), e.after.n])
        },
        { whenExhausted, effect },
      )
      .on('other', saved, (e) => void others.push(`${e.after.n}${e.redriven ? ' redriven' : ''}`), { effect })

  const open = (journal: string | undefined) =>
    engineOf(app(), { clock, state, deadLetters }).engine.open(
      worker,
      journal === undefined ? {} : { journal },
    )
  let delivery = await open(undefined)
  let next = 0
  let checkpoint: { from: number; journal: string | undefined } = { from: 0, journal: undefined }
  const feed = async () => {
    const page = stream.slice(next)
    next = stream.length
    await delivery.push(page)
  }
  const pass = async (ms: number) => {
    await idle()
    await clock.moveTo(clock.now() + ms, idle)
  }
  const reached = () => Number(delivery.watermark?.sequence ?? checkpoint.from)
  const keep = () => {
    checkpoint = { from: reached(), journal: delivery.journal }
  }
  const reopen = async () => {
    delivery.revoke(new Error('gone'))
    next = checkpoint.from
    delivery = await open(checkpoint.journal)
    await feed()
  }
  const lettersOf = (key: string) => deadLetters.letters.filter(({ lane }) => lane === `clients/${key}`)

  let count = 0
  for (const action of given) {
    switch (action.do) {
      case 'push':
        stream.push(inserted(stream.length + 1, action.key))
        count += 1
        break
      case 'break':
        broken.add(action.key)
        break
      case 'mend':
        broken.delete(action.key)
        break
      case 'drain':
      case 'redrive': {
        const [letter] = lettersOf(action.key)
        if (letter === undefined) break
        await (action.do === 'drain' ? redrive.lane(letter.id) : redrive.letter(letter.id))
        break
      }
      case 'pass':
        await pass(400)
        break
      case 'refuse':
      case 'lose':
      case 'hang':
        fault = action.do
        break
      case 'hand over': {
        let settled = false
        void delivery.settle(new Date(clock.now() + 300)).then(() => {
          settled = true
        })
        while (!settled) await pass(100)
        keep()
        await reopen()
        break
      }
      case 'crash':
        await reopen()
        await pass(40_000)
        break
    }
    await feed()
    await pass(10)
    if (action.do === 'pass') keep()
  }
  broken.clear()
  fault = undefined
  // Whoever waits for an answer that never comes dies.
  await reopen()
  for (let round = 0; round < 40; round += 1) {
    await feed()
    await pass(40_000)
    for (const key of ['a', 'b', 'c']) {
      const [letter] = lettersOf(key)
      if (letter !== undefined)
        await (whenExhausted === 'park' ? redrive.lane(letter.id) : redrive.letter(letter.id))
    }
    if (deadLetters.letters.length === 0 && reached() === stream.length) break
  }
  expect(reached(), 'everything ends').toBe(stream.length)
  delivery.revoke(new Error('the end'))
  return { seen, others, count, stream, letters: deadLetters.letters, state }
}

test('a parked lane keeps its order through drains, crashes and hand-overs, and nothing of it is lost', async () => {
  await fc.assert(
    fc.asyncProperty(actions, fc.constantFrom('journal', 'claim'), async (given, effect) => {
      const { seen, stream, letters, state } = await fly(given, 'park', effect)
      expect(letters, 'all drained').toEqual([])
      for (const key of ['a', 'b', 'c']) {
        expect(await parkedLane(state, key), 'no lane stays parked').toBeUndefined()
        const firsts = [...new Set(seen.get(key) ?? [])]
        const sent = stream.filter(({ data }) =>
          new TextDecoder().decode(data).includes(`{"id":{"S":"${key}"},"n"`),
        )
        expect(firsts, `first effects of ${key} in stream order`).toEqual(
          sent.map(({ sequence }) => Number(sequence)),
        )
        if (effect === 'claim') expect(seen.get(key) ?? []).toHaveLength(firsts.length)
      }
    }),
    { numRuns: 150 },
  )
})

test('a redrive reaches only its route, and in the end every record had its effect', async () => {
  await fc.assert(
    fc.asyncProperty(actions, async (given) => {
      const { seen, others, count, letters } = await fly(given, 'dead-letter', 'claim')
      expect(letters).toEqual([])
      expect(others.filter((text) => text.includes('redriven'))).toEqual([])
      expect(new Set(others).size).toBe(count)
      expect(
        [...seen.values()].flat().toSorted((a, b) => a - b),
        'once each',
      ).toEqual([...new Set([...seen.values()].flat())].toSorted((a, b) => a - b))
      expect([...seen.values()].flat()).toHaveLength(count)
    }),
    { numRuns: 150 },
  )
})

test('what is on the way stays within its bounds, whatever is pushed and whatever is slow', async () => {
  const pages = fc.array(
    fc.array(fc.record({ key: keys, size: fc.integer({ min: 0, max: 400 }) }), { maxLength: 6 }),
    {
      maxLength: 12,
    },
  )
  await fc.assert(
    fc.asyncProperty(
      pages,
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 200, max: 2_000 }),
      async (given, records, bytes) => {
        const clock = virtualClock()
        const app = reactor('r').on('see', saved, async (e) => clock.sleep(e.after.n % 2 === 0 ? 50 : 500))
        const { engine } = engineOf(app, { clock, maxAhead: { records, bytes } })
        const shards = await Promise.all(
          ['one', 'two'].map(async (shard) => ({
            delivery: await engine.open({ ...worker, shard }),
            pushed: 0,
            held: [] as StreamRecord[],
          })),
        )
        let sequence = 0
        await Promise.all(
          shards.map(async (shard) => {
            for (const page of given) {
              const made = page.map(({ key, size }) => inserted(++sequence, key, { text: 'x'.repeat(size) }))
              shard.held = [
                ...shard.held.filter(
                  (one) => Number(one.sequence) > Number(shard.delivery.watermark?.sequence ?? 0),
                ),
                ...made,
              ]
              let room = false
              void shard.delivery.push(made).then(() => {
                room = true
              })
              for (await idle(); !room; ) await clock.moveTo(clock.now() + 50, idle)
              // Room again means that both bounds hold, but for one that holds nothing.
              const open = shard.held.filter(
                (one) => Number(one.sequence) > Number(shard.delivery.watermark?.sequence ?? 0),
              )
              expect(open.length).toBeLessThanOrEqual(records)
              if (open.length > 0)
                expect(open.reduce((sum, { data }) => sum + data.length, 0)).toBeLessThanOrEqual(bytes)
            }
          }),
        )
      },
    ),
    { numRuns: 60 },
  )
})
