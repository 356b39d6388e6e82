/** Letters that somebody discards: what waits behind one goes on, and nothing else changes. */

import { expect, test } from 'vitest'
import { createRedrive, type StreamRecord } from '../../src/engine.ts'
import { reactor } from '../../src/index.ts'
import { memoryDeadLetters, memoryEvents, memoryState, virtualClock } from '../../src/memory/index.ts'
import { arrived, engineOf, inserted, record, saved, settled, worker } from '../bench.ts'

/** A route whose handler fails for `n` 0. */
function scene(whenExhausted: 'park' | 'dead-letter' = 'park') {
  const clock = virtualClock()
  const state = memoryState({ clock })
  const deadLetters = memoryDeadLetters()
  const events = memoryEvents()
  const handled: string[] = []
  const app = reactor('r', { whenExhausted, retry: { attempts: 1 } }).on('post', saved, (e) => {
    if (e.after.n === 0) throw new Error('no')
    handled.push(`${e.after.id}${e.after.n}`)
  })
  const { engine } = engineOf(app, { clock, state, deadLetters })
  let sequence = 0
  let told = 0
  const run = async (records: readonly StreamRecord[]) => {
    const delivery = await engine.open(worker)
    void delivery.push(records)
    expect(await settled(delivery, clock, 10_000)).toEqual([])
  }
  return {
    ...{ deadLetters, events, handled },
    /** Rows of these ids and numbers are saved. */
    save: (...rows: readonly (readonly [id: string, n: number])[]) =>
      run(rows.map(([id, n]) => inserted(++sequence, id, { n }))),
    garbage: () => run([record(++sequence, '')]),
    /** What was put on the stream arrives. */
    arrive: async () => {
      const fresh = events.records.slice(told)
      told = events.records.length
      await run(fresh.map((each) => arrived(++sequence, each)))
    },
    letters: () => deadLetters.letters.map(({ reason, sequence }) => `${reason} ${sequence}`),
    idOf: (reason: string) => deadLetters.letters.find((letter) => letter.reason === reason)?.id ?? '',
    redrive: createRedrive({ application: 'app', deadLetters, events, clock }),
  }
}

test('what waits behind a discarded letter of a parked lane goes on in its order, without that one, and the lane opens', async () => {
  const { save, arrive, letters, idOf, redrive, handled } = scene()
  await save(['a', 0], ['a', 1], ['a', 2], ['b', 3])
  expect([handled, letters()]).toEqual([['b3'], ['exhausted 1', 'parked 2', 'parked 3']])
  await redrive.discard(idOf('exhausted'))
  await arrive()
  await save(['a', 4])
  expect([handled, letters()]).toEqual([['b3', 'a1', 'a2', 'a4'], []])
})

test('the only letter of a parked lane is discarded: the lane opens', async () => {
  const { save, arrive, letters, idOf, redrive, handled } = scene()
  await save(['a', 0])
  await redrive.discard(idOf('exhausted'))
  await arrive()
  await save(['a', 1])
  expect([handled, letters()]).toEqual([['a1'], []])
})

test('a discarded letter that only waits leaves its lane parked, and asks no handler', async () => {
  const { save, letters, idOf, redrive, handled, events } = scene()
  await save(['a', 0], ['a', 1], ['a', 2])
  await redrive.discard(idOf('parked'))
  expect(events.records).toEqual([])
  await save(['a', 3])
  expect([handled, letters()]).toEqual([[], ['exhausted 1', 'parked 3', 'parked 4']])
})

test('a process that dies before what follows is put leaves a lane that is drained by any letter of it', async () => {
  const { deadLetters, save, arrive, letters, idOf, redrive, handled } = scene()
  await save(['a', 0])
  await deadLetters.remove(idOf('exhausted'))
  await save(['a', 1])
  expect(letters()).toEqual(['parked 2'])
  await redrive.lane(idOf('parked'))
  await arrive()
  await save(['a', 2])
  expect([handled, letters()]).toEqual([['a1', 'a2'], []])
})

test('of a route that does not park, and of a record without a route, the letter goes and nothing runs', async () => {
  const { save, garbage, arrive, letters, idOf, redrive, handled, events } = scene('dead-letter')
  await save(['a', 0], ['a', 1])
  await garbage()
  await redrive.discard(idOf('undecodable'))
  expect(events.records).toEqual([])
  await redrive.discard(idOf('exhausted'))
  await arrive()
  expect([handled, letters()]).toEqual([['a1'], []])
})

test('a letter that is not there is told', async () => {
  const { redrive, events } = scene()
  await expect(redrive.discard('app/r/post/none')).rejects.toMatchObject({ code: 'no-letter' })
  expect(events.records).toEqual([])
})
