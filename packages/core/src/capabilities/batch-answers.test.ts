/** What a batch handler's answers mean that are not one for each event. */

import { expect, test } from 'vitest'
import { engineOf, inserted, saved, worker } from '../../test/bench.ts'
import { batch, Permanent, reactor, skip } from '../index.ts'

const IDS = ['a', 'b', 'c', 'd']

/** Runs four events in one batch. @returns the batches that the handler got, and the ids whose events became dead letters */
async function run(handle: (ids: readonly string[]) => unknown) {
  const batches: string[] = []
  const { engine, pass, deadLetters } = engineOf(
    reactor('r', { retry: { attempts: 1 } }).on(
      'load',
      saved,
      batch({ size: IDS.length, within: '10ms' }, (events) => {
        const ids = events.map((e) => e.after.id)
        batches.push(ids.join(''))
        return handle(ids)
      }),
    ),
  )
  const delivery = await engine.open(worker)
  await delivery.push(IDS.map((id, n) => inserted(n + 1, id)))
  await pass(60_000)
  expect(delivery.complete).toBe(true)
  const dead = deadLetters.letters.map(({ sequence }) => IDS[Number(sequence) - 1]).sort()
  return { batches, dead: dead.join(''), letters: deadLetters.letters }
}

test('what Promise.allSettled says of each event is its answer', async () => {
  const write = async (id: string) => {
    if (id === 'b') throw new Permanent('no such tenant')
    return id === 'c' ? skip('already there') : id
  }
  const { batches, dead, letters } = await run((ids) => Promise.allSettled(ids.map(write)))
  expect([batches, dead]).toEqual([['abcd'], 'b'])
  expect(letters[0]?.detail).toContain('no such tenant')
})

test('a rejected promise whose reason is no error fails its event, too', async () => {
  const { batches, dead } = await run((ids) =>
    ids.map((id) =>
      id === 'd' ? { status: 'rejected', reason: undefined } : { status: 'fulfilled', value: id },
    ),
  )
  expect([batches, dead]).toEqual([['abcd'], 'd'])
})

test('a failure in a list of another length is nobody in particular: the batch is run again in halves', async () => {
  // A bulk API answers with those that it refused.
  const { batches, dead } = await run((ids) =>
    ids.filter((id) => id === 'c').map((id) => new Error(`refused: ${id}`)),
  )
  expect([batches, dead]).toEqual([['abcd', 'ab', 'cd', 'c', 'd'], 'c'])
  const chunks = await run((ids) =>
    Promise.allSettled([
      ids.slice(0, 1).map(() => 'stored'),
      ids.slice(1).some((id) => id === 'd') ? Promise.reject(new Permanent('full')) : 'stored',
    ]),
  )
  expect([chunks.batches[0], chunks.dead]).toEqual(['abcd', 'd'])
})

test('a list that is longer than the batch and holds a failure fails the batch', async () => {
  const { batches, dead } = await run((ids) => [...ids.map(() => undefined), new Permanent('the last chunk')])
  expect([batches.length, dead]).toEqual([7, 'abcd'])
})

test('a list of another length without a failure says that all are done', async () => {
  for (const answers of [[], ['one bulk write'], IDS.concat(IDS), Array.from({ length: 1_000_000 })]) {
    const { batches, dead } = await run(() => answers)
    expect([batches, dead]).toEqual([['abcd'], ''])
  }
})

test('rows that were stored may have a status of their own', async () => {
  for (const answer of [
    { id: 'a', status: 'rejected' },
    { status: 'rejected', reason: 'limit', id: 'a' },
    { status: 'rejected' },
    { status: 'fulfilled', value: new Error('of a row'), id: 'a' },
  ]) {
    const { batches, dead } = await run((ids) => ids.map(() => answer))
    expect([batches, dead]).toEqual([['abcd'], ''])
  }
})
