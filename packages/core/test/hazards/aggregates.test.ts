/** Scenario A26: records inside an aggregate of the producer library. */

import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { reactor } from '../../src/index.ts'
import { memoryDeadLetters, memoryState, virtualClock } from '../../src/memory/index.ts'
import { aggregate } from '../aggregate.ts'
import { engineOf, inserted, lambda, saved, settled, worker } from '../bench.ts'

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

test('A26: of an aggregate that was begun, and is too large for the next owner, the rest is kept as a dead letter', async () => {
  const seen: string[] = []
  const { engine, deadLetters } = engineOf(
    reactor('r').on('see', saved, (e) => void seen.push(e.after.id)),
    { maxRecordBytes: 1_000 },
  )
  const delivery = await engine.open(worker, { after: { sequence: '2', subSequence: 1 } })
  const large = aggregate(2, ['a', 'b', 'c', 'd', 'e', 'f'])
  expect(large.data.length).toBeGreaterThan(1_000)
  await delivery.push([large, inserted(3, 'z')])
  await delivery.quiet()
  expect([seen, delivery.watermark?.sequence]).toEqual([['z'], '3'])
  expect(deadLetters.letters.map((letter) => [letter.reason, letter.sequence, letter.subSequence])).toEqual([
    ['too-large', '2', 2],
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

test('F15: of an aggregate of thousands of empty records no more are on the way than there is room for, and each is kept', async () => {
  const deadLetters = memoryDeadLetters()
  let most = 0
  const slow = {
    ...deadLetters,
    letters: deadLetters.letters,
    put: async (letter: Parameters<typeof deadLetters.put>[0]) => {
      await new Promise((resolve) => setImmediate(resolve))
      await deadLetters.put(letter)
    },
  }
  const onTheWay = new Set<string>()
  const { engine } = engineOf(
    reactor('r').on('see', saved, () => {}),
    {
      deadLetters: slow,
      maxAhead: { records: 50 },
      observe: ({ step, position }) => {
        if (step === 'taken') onTheWay.add(position)
        if (step === 'dead-letter') onTheWay.delete(position)
        most = Math.max(most, onTheWay.size)
      },
    },
  )
  const delivery = await engine.open(worker)
  const keys = Array.from({ length: 3_000 }, () => 'a')
  await delivery.push([aggregate(1, keys, () => new Uint8Array())])
  await delivery.quiet()
  expect([deadLetters.letters.length, delivery.complete]).toEqual([3_000, true])
  expect(most).toBeLessThanOrEqual(50)
})
