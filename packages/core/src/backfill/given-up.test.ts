/** Rows of a backfill whose handlers fail for good. */

import { expect, test } from 'vitest'
import { engineOf, inserted, pass, saved, worker } from '../../test/bench.ts'
import { Permanent, type ReactorOptions, reactor } from '../index.ts'
import { memoryDeadLetters, memoryEntities, memoryState, virtualClock } from '../memory/index.ts'
import { silent } from '../ports/index.ts'
import { createBackfill } from './index.ts'

function bench(whenExhausted: NonNullable<ReactorOptions['whenExhausted']>) {
  const clock = virtualClock()
  const stores = { state: memoryState({ clock }), deadLetters: memoryDeadLetters(), clock }
  const seen: string[] = []
  let works = false
  const app = reactor('r', { whenExhausted, retry: { attempts: 1 } }).on(
    'post',
    saved,
    (e) => {
      if (!works && e.after.id === 'b') throw new Permanent('no')
      seen.push(`${e.after.id}${e.after.n}`)
    },
    { effect: 'idempotent' },
  )
  const scanner = memoryEntities()
  for (const id of ['a', 'b', 'c']) scanner.put('clients', { id }, { id, n: 0 })
  const run = async () => {
    const made = createBackfill({
      application: 'app',
      reactor: app,
      scanner,
      logger: silent,
      segments: 1,
      ...stores,
    })
    let result: unknown
    made.run().then(
      (done) => {
        result = done
      },
      (error) => {
        result = error
      },
    )
    for (let n = 0; n < 100 && result === undefined; n += 1) await pass(clock, 1_000)
    return result
  }
  const mend = () => {
    works = true
  }
  return { ...stores, app, seen, run, mend }
}

test('a backfill ends at a row for which its route halts, and the next run goes on there', async () => {
  const { seen, run, mend } = bench('halt')
  expect(await run()).toMatchObject({
    code: 'backfill-halted',
    message: expect.stringContaining("'dead-letter'"),
  })
  mend()
  expect(await run()).toMatchObject({ complete: true, rows: 3 })
  // The page of the row comes again.
  expect(new Set(seen)).toEqual(new Set(['a0', 'b0', 'c0']))
})

test('a row of a route that parks is a letter of its own: its lane is that of a shard, which goes on beside it', async () => {
  const { app, seen, run, mend, deadLetters, ...stores } = bench('park')
  const live = await engineOf(app, { deadLetters, ...stores }).engine.open(worker)
  expect(await run()).toMatchObject({ complete: true, deadLetters: 1 })
  expect(deadLetters.letters.map(({ reason, lane }) => [reason, lane !== ''])).toEqual([['permanent', true]])
  mend()
  await live.push([inserted(1, 'b')])
  await pass(stores.clock, 1_000)
  live.revoke(new Error('a deploy'))
  const next = await engineOf(app, { deadLetters, ...stores }).engine.open(worker)
  await next.push([inserted(2, 'b')])
  await pass(stores.clock, 1_000)
  expect(seen).toEqual(['a0', 'c0', 'b1', 'b2'])
})
