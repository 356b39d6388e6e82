/** F8: records that had been done come again after an unclean death, and are put where they stood, wherever a process dies meanwhile. */

import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { createRedrive, type StreamRecord } from '../../src/engine.ts'
import { reactor } from '../../src/index.ts'
import { memoryDeadLetters, memoryEvents, memoryState, virtualClock } from '../../src/memory/index.ts'
import type { DeadLetter, StateStore } from '../../src/ports/index.ts'
import { arrived, engineOf, idle, inserted, parkedLane, pass, saved, worker } from '../bench.ts'

const never = () => new Promise<never>(() => {})
const COUNT = 5

/** Owners of one shard, one after the other; each dies at the write that its `fatal` names. */
function owners(lists: boolean) {
  const clock = virtualClock()
  const memory = memoryState({ clock })
  const letters = memoryDeadLetters()
  const sink = memoryEvents()
  const seen: number[] = []
  const works = new Set<number>()
  let writes = 0
  /** @param fatal the write as which the process dies: odd ones still arrive */
  const open = async (fatal = Number.POSITIVE_INFINITY) => {
    let alive = true
    writes = 0
    const write = async <T>(run: () => Promise<T>): Promise<T> => {
      const dies = alive && writes++ === fatal >> 1 && Number.isFinite(fatal)
      if (dies) alive = false
      if (alive) return run()
      if (dies && fatal % 2 === 1) await run()
      return never()
    }
    const { list } = memory
    const state: StateStore = {
      get: (key) => (alive ? memory.get(key) : never()),
      set: (...args) => write(() => memory.set(...args)),
      delete: (...args) => write(() => memory.delete(...args)),
      ...(lists && list !== undefined ? { list } : {}),
    }
    const deadLetters = {
      ...letters,
      letters: letters.letters,
      put: (letter: DeadLetter) => write(() => letters.put(letter)),
      remove: (id: string) => write(() => letters.remove(id)),
    }
    const app = reactor('r', { retry: { attempts: 1 }, whenExhausted: 'park' }).on('post', saved, (e) => {
      if (!works.has(e.after.n)) throw new Error('no')
      seen.push(e.after.n)
    })
    const { engine } = engineOf(app, { clock, state, deadLetters })
    return engine.open(worker, { isHeld: () => alive })
  }
  /** Pushes to one owner after the other, of whom the first dies, until one comes to the end. @returns whether one died */
  const survive = async (stream: readonly StreamRecord[], fatal?: number): Promise<boolean> => {
    for (let owner = 0; owner < 3; owner += 1) {
      const delivery = await open(owner === 0 ? fatal : undefined)
      void delivery.push(stream)
      await pass(clock, 20_000)
      const { complete } = delivery
      delivery.revoke(new Error('died'))
      if (complete) return owner > 0
    }
    throw new Error(`not complete after the write ${fatal}`)
  }
  const drain = async () => {
    await createRedrive({ application: 'app', deadLetters: letters, events: sink, clock }).lane(
      letters.letters[0]?.id ?? '',
    )
    return arrived(COUNT + 1, sink.records[0])
  }
  return { clock, memory, letters, seen, works, survive, drain, open }
}

const stream = Array.from({ length: COUNT }, (_, i) => inserted(i + 1, 'a'))
const ALL = stream.map((_, i) => i + 1)

/** Which of them go well the first time: a lane that parks keeps all behind it, so others go well as the lane is drained. */
const given = fc.record({
  done: fc.subarray(ALL, { maxLength: COUNT - 1 }),
  drained: fc.integer({ min: 0, max: COUNT }),
  lists: fc.boolean(),
})

test('F8: whatever had been done of a lane, and at whichever write a process dies as it comes again: one letter each, in order', async () => {
  await fc.assert(
    fc.asyncProperty(given, async ({ done, drained, lists }) => {
      for (let fatal = 0, more = true; more; fatal += 1) {
        expect(fatal).toBeLessThan(200)
        const { memory, letters, seen, works, survive, drain } = owners(lists)
        // What goes well, and a drain that comes as far as the first that fails.
        for (const n of done) works.add(n)
        await survive(stream)
        for (const n of ALL.slice(0, drained)) works.add(n)
        if (letters.letters.length > 0) await survive([await drain()])
        // All of it comes again, and nothing works.
        works.clear()
        seen.length = 0
        more = await survive(stream, fatal)
        expect(
          letters.letters.map(({ sequence }) => Number(sequence)).sort(),
          `after the write ${fatal}`,
        ).toEqual(ALL)
        for (const n of ALL) works.add(n)
        await survive([await drain()])
        expect(seen, `drained after the write ${fatal}`).toEqual(ALL)
        expect([letters.letters, await parkedLane(memory, 'a')]).toEqual([[], undefined])
      }
    }),
    { numRuns: 25 },
  )
})

test('F8: two deaths, at any two writes, lose nothing of a lane and keep its order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(40), fc.nat(40), fc.boolean(), async (first, second, lists) => {
      const { memory, letters, seen, works, drain, open, clock } = owners(lists)
      works.add(1)
      works.add(2)
      const push = async (records: readonly StreamRecord[], fatal?: number) => {
        const delivery = await open(fatal)
        void delivery.push(records)
        await pass(clock, 20_000)
        delivery.revoke(new Error('died'))
        await idle()
        return delivery.complete
      }
      await push(stream)
      works.clear()
      seen.length = 0
      await push(stream, first)
      await push(stream, second)
      expect(await push(stream)).toBe(true)
      expect(letters.letters.map(({ sequence }) => Number(sequence)).sort()).toEqual(ALL)
      for (const n of ALL) works.add(n)
      const drained = await drain()
      await push([drained], first)
      await push([drained], second)
      expect(await push([drained])).toBe(true)
      // What was done as its process died may be done again; nothing overtakes what stood before it.
      expect([...new Set(seen)]).toEqual(ALL)
      expect([letters.letters, await parkedLane(memory, 'a')]).toEqual([[], undefined])
    }),
    { numRuns: 120 },
  )
})
