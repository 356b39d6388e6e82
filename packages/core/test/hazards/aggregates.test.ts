/** Scenario A26: records inside an aggregate of the producer library. */

import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import type { StreamRecord } from '../../src/engine.ts'
import { reactor } from '../../src/index.ts'
import { memoryState, virtualClock } from '../../src/memory/index.ts'
import { engineOf, inserted, lambda, record, saved, settled, worker } from '../bench.ts'

/** An aggregate of the producer library with one change of each of these keys, as KCL reads it. */
function aggregate(sequence: number, keys: readonly string[]): StreamRecord {
  const field = (number: number, bytes: Uint8Array) =>
    Buffer.concat([Buffer.from([(number << 3) | 2]), varint(bytes.length), bytes])
  const varint = (value: number): Buffer =>
    value < 128
      ? Buffer.from([value])
      : Buffer.concat([Buffer.from([(value & 127) | 128]), varint(value >>> 7)])
  const table = keys.map((key) => field(1, Buffer.from(key)))
  const entries = keys.map((key, i) =>
    field(3, Buffer.concat([Buffer.from([1 << 3, i]), field(3, inserted(sequence * 10 + i, key).data)])),
  )
  const message = Buffer.concat([...table, ...entries])
  const digest = createHash('md5').update(message).digest()
  return record(sequence, new Uint8Array(Buffer.concat([Buffer.from('f3899ac2', 'hex'), message, digest])))
}

test('A26: a record inside an aggregate has a place of its own: siblings of a failed one are not repeated', async () => {
  const clock = virtualClock()
  const state = memoryState({ clock })
  const seen: string[] = []
  const app = () =>
    reactor('r', { retry: { attempts: 2, base: '30s' } }).on('see', saved, (e) => {
      seen.push(e.after.id)
      if (e.after.id === 'bad' && seen.filter((id) => id === 'bad').length === 1) throw new Error('not yet')
    })
  const batch = [inserted(1, 'first'), aggregate(2, ['a', 'bad', 'c']), inserted(3, 'last')]
  const answers: string[] = []
  for (let invocation = 0; invocation < 3; invocation += 1) {
    const delivery = await engineOf(app(), { clock, state }).engine.open(lambda)
    await delivery.push(invocation === 0 ? batch : batch.slice(1))
    const unfinished = await settled(delivery, clock, 15_000)
    answers.push(unfinished.map(({ sequence, subSequence }) => `${sequence}.${subSequence}`).join())
    if (unfinished.length === 0) break
  }
  expect(answers[0]).toBe('2.1')
  expect(answers.at(-1)).toBe('')
  expect(seen).toEqual(['first', 'a', 'bad', 'c', 'last', 'bad'])
})

test('A26: a checkpoint inside an aggregate is resumed there', async () => {
  const seen: string[] = []
  const { engine } = engineOf(reactor('r').on('see', saved, (e) => void seen.push(e.after.id)))
  const delivery = await engine.open(worker, { after: { sequence: '2', subSequence: 1 } })
  await delivery.push([inserted(1, 'gone'), aggregate(2, ['a', 'b', 'c']), inserted(3, 'd')])
  await delivery.quiet()
  expect([seen, delivery.watermark, delivery.complete]).toEqual([
    ['c', 'd'],
    { sequence: '3', subSequence: 0 },
    true,
  ])
})

test('A26: a record of an aggregate that belongs on another shard is kept, and takes no sibling with it', async () => {
  const seen: string[] = []
  const { engine, deadLetters } = engineOf(reactor('r').on('see', saved, (e) => void seen.push(e.after.id)))
  const half = { startingHashKey: '0', endingHashKey: String(2n ** 127n - 1n) }
  const delivery = await engine.open({ ...worker, hashRange: half })
  const hash = (key: string) => BigInt(`0x${createHash('md5').update(key).digest('hex')}`)
  const keys = ['a', 'b', 'c', 'd', 'e']
  const inside = keys.filter((key) => hash(key) < 2n ** 127n)
  await delivery.push([aggregate(1, keys)])
  await delivery.quiet()
  expect(seen).toEqual(inside)
  expect(deadLetters.letters.map(({ reason }) => reason)).toEqual(
    keys.slice(inside.length).map(() => 'out-of-range'),
  )
})
