/** Handlers that outlive their delivery, and what may be opened beside them. */

import { expect, test } from 'vitest'
import { engineOf, idle, inserted, lambda, saved, worker } from '../../test/bench.ts'
import { reactor } from '../index.ts'

const sequences = (positions: readonly { readonly sequence: string }[]) => positions.map((p) => p.sequence)

test('a handler that ignores its signal taints the engine: nothing opens beside it, until it has ended', async () => {
  const gate = Promise.withResolvers<void>()
  const { engine, clock, pass } = engineOf(reactor('r').on('see', saved, () => gate.promise))
  const delivery = await engine.open(lambda)
  await delivery.push([inserted(1, 'a')])
  await idle()
  const settling = delivery.settle(new Date(clock.now()))
  await pass(2_000)
  expect(sequences(await settling)).toEqual(['1'])
  const refused = expect(engine.open(lambda)).rejects.toMatchObject({ code: 'tainted' })
  await pass(1_000)
  await refused
  gate.resolve()
  await idle()
  await engine.open(lambda)
})

test('on a worker it keeps no other shard from being opened: each is owned by itself', async () => {
  const { engine, clock, pass } = engineOf(
    reactor('r').on('see', saved, ({ after: { id } }) => (id === 'deaf' ? new Promise<void>(() => {}) : {})),
  )
  const left = await engine.open(worker)
  await left.push([inserted(1, 'deaf')])
  await idle()
  const settling = left.settle(new Date(clock.now()))
  await pass(2_000)
  expect(sequences(await settling)).toEqual(['1'])
  const other = await engine.open({ ...worker, shard: 'shardId-000000000009' })
  await other.push([inserted(2, 'b')])
  await other.quiet()
  expect(other.watermark?.sequence).toBe('2')
})
