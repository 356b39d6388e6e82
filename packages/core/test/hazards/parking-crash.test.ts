/** Scenario A19, with a crash at every write: parking, what is parked behind, and the drain. */

import { expect, test } from 'vitest'
import { createRedrive, type StreamRecord } from '../../src/engine.ts'
import { reactor } from '../../src/index.ts'
import { memoryDeadLetters, memoryEvents, memoryState, virtualClock } from '../../src/memory/index.ts'
import type { DeadLetter, StateStore } from '../../src/ports/index.ts'
import { engineOf, idle, inserted, parkedLane, record, saved, worker } from '../bench.ts'

const never = () => new Promise<never>(() => {})

for (const effect of ['journal', 'claim'] as const) {
  test(`A19: wherever a process dies, parked records keep their order and the lane opens again (${effect})`, async () => {
    for (let fatal = 0; fatal < 60; fatal += 1) {
      const clock = virtualClock()
      const memory = memoryState({ clock })
      const letters = memoryDeadLetters()
      const sink = memoryEvents()
      const redrive = createRedrive({ application: 'app', deadLetters: letters, events: sink, clock })
      const seen: number[] = []
      let broken = true
      let writes = 0
      const owner = () => {
        let alive = true
        // The process dies as a write is sent: odd ones still arrive.
        const write = async <T>(run: () => Promise<T>): Promise<T> => {
          const dies = alive && writes++ === fatal >> 1
          if (dies) alive = false
          if (alive || (dies && fatal % 2 === 1)) return dies ? run().then(never) : run()
          return never()
        }
        const state: StateStore = {
          get: (key) => (alive ? memory.get(key) : never()),
          set: (...args) => write(() => memory.set(...args)),
          delete: (...args) => write(() => memory.delete(...args)),
        }
        const deadLetters = {
          ...letters,
          put: (letter: DeadLetter) => write(() => letters.put(letter)),
          remove: (id: string) => write(() => letters.remove(id)),
        }
        const app = reactor('r', { retry: { attempts: 1 }, whenExhausted: 'park' }).on(
          'post',
          saved,
          (e) => {
            if (broken) throw new Error('no')
            seen.push(e.after.n)
          },
          { effect, timeout: '5s' },
        )
        const { engine } = engineOf(app, { clock, state, deadLetters })
        return engine.open(worker, { isHeld: () => alive })
      }
      /** Everything again, until one owner comes to its end. */
      const survive = async (stream: StreamRecord[]) => {
        for (let owners = 0; owners < 2; owners += 1) {
          const delivery = await owner()
          await delivery.push(stream)
          await idle()
          await clock.moveTo(clock.now() + 20_000, idle)
          if (delivery.complete) return
          delivery.revoke(new Error('died'))
        }
        throw new Error(`not complete after the write ${fatal}`)
      }
      await survive([inserted(1, 'a'), inserted(2, 'a')])
      expect(letters.letters.map(({ sequence }) => sequence)).toEqual(['1', '2'])
      broken = false
      await redrive.lane(letters.letters[0]?.id ?? '')
      await survive([{ ...record(3, ''), ...sink.records[0] }, inserted(4, 'a')])
      expect(letters.letters, `all drained after the write ${fatal}`).toEqual([])
      expect([...new Set(seen)], `in order after the write ${fatal}`).toEqual([1, 2, 4])
      expect(await parkedLane(memory, 'a'), `open after the write ${fatal}`).toBeUndefined()
      if (writes <= fatal >> 1) return
    }
    throw new Error('no end of writes')
  })
}

test('A19: a letter that its owner could not park is not left beside a record that went well', async () => {
  for (const arrives of [true, false]) {
    const clock = virtualClock()
    const state = memoryState({ clock })
    const letters = memoryDeadLetters()
    const sink = memoryEvents()
    const seen: string[] = []
    let broken = true
    let alive = true
    const app = () =>
      reactor('r', { retry: { attempts: 1 }, whenExhausted: 'park' }).on('post', saved, (e) => {
        if (broken) throw new Error('no')
        seen.push(`${e.after.n}${e.redriven === undefined ? '' : ' redriven'}`)
      })
    const deadLetters = {
      ...letters,
      put: async (letter: DeadLetter) => {
        if (!broken || arrives) await letters.put(letter)
        if (broken) {
          alive = false
          await never()
        }
      },
    }
    const owner = (isHeld: () => boolean) =>
      engineOf(app(), { clock, state, deadLetters }).engine.open(worker, { isHeld })
    const first = await owner(() => alive)
    await first.push([inserted(1, 'a')])
    await idle()
    first.revoke(new Error('died'))
    broken = false
    const second = await owner(() => true)
    await second.push([inserted(1, 'a'), inserted(2, 'a')])
    await idle()
    expect([seen, letters.letters.map(({ sequence }) => sequence)]).toEqual([[], ['1', '2']])
    await createRedrive({ application: 'app', deadLetters: letters, events: sink, clock }).letters()
    await second.push(sink.records.map((outgoing, n) => ({ ...record(3 + n, ''), ...outgoing })))
    await second.quiet()
    expect([seen, letters.letters]).toEqual([['1 redriven', '2 redriven'], []])
  }
})
