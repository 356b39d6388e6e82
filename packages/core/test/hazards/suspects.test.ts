/** Scenario A7: records that kill their process, in suspect mode. */

import { expect, test } from 'vitest'
import { reactor, Unavailable } from '../../src/index.ts'
import { memoryDeadLetters, memoryState, virtualClock } from '../../src/memory/index.ts'
import { engineOf, fleet, idle, inserted, lambda, pass, saved, settled, worker } from '../bench.ts'

test('A7: a record that kills its process becomes a dead letter, on a lease whose owners keep dying', async () => {
  const seen: string[] = []
  const { owner, deadLetters, clock } = fleet(() =>
    reactor('r').on('see', saved, (e) => {
      seen.push(e.after.id)
      // The process ends here: whatever it would have written is not.
      if (e.after.id === 'killer') return new Promise(() => {})
    }),
  )
  const page = [inserted(1, 'a'), inserted(2, 'killer'), inserted(3, 'c')]
  for (let crashes = 0; crashes < 5; crashes += 1) {
    const delivery = await owner().engine.open(worker, { crashes })
    void delivery.push(page)
    await pass(clock, 1_000)
    // Read from its checkpoint again, each time.
    delivery.revoke(new Error('killed'))
  }
  expect(deadLetters.letters, 'charged three times in suspect mode').toEqual([])
  const last = await owner().engine.open(worker, { crashes: 5 })
  const pushed = last.push(page)
  await pass(clock, 1_000)
  await pushed
  expect(deadLetters.letters).toMatchObject([{ reason: 'crashed', sequence: '2', route: undefined }])
  expect(last.watermark?.sequence).toBe('3')
  expect(seen.filter((id) => id === 'killer')).toHaveLength(5)
})

test('A7: the log says that a shard is in suspect mode, and of how many deaths, on a worker and on Lambda', async () => {
  const hanging = () => reactor('r').on('see', saved, () => new Promise(() => {}))
  const inSuspectMode = ({ logged }: ReturnType<typeof engineOf>) =>
    logged.filter(({ message }) => message.startsWith('suspect mode: '))
  for (const source of [worker, lambda]) {
    const { owner, clock } = fleet(hanging)
    const told = []
    for (let crashes = 0; crashes < 4; crashes += 1) {
      const life = owner()
      const delivery = await life.engine.open(source, source === worker ? { crashes } : {})
      void delivery.push([inserted(1, 'a')])
      await pass(clock, 1_000)
      delivery.revoke(new Error('killed'))
      told.push(inSuspectMode(life).map(({ level, fields }) => [level, Object(fields).details]))
    }
    expect(told).toEqual([[], [], [['warn', { deaths: 2 }]], [['warn', { deaths: 3 }]]])
  }
})

test('A7: of two records that kill, the first stays given up on while the second is charged', async () => {
  const seen: string[] = []
  const { owner, deadLetters, clock } = fleet(() =>
    reactor('r').on('see', saved, (e) => {
      seen.push(e.after.id)
      return new Promise(() => {})
    }),
  )
  const page = [inserted(1, 'killer'), inserted(2, 'killer-too')]
  for (let crashes = 2; crashes < 9; crashes += 1) {
    const delivery = await owner().engine.open(worker, { crashes })
    void delivery.push(page)
    await pass(clock, 1_000)
    delivery.revoke(new Error('killed'))
  }
  expect(seen.join()).toBe('killer,killer,killer,killer-too,killer-too,killer-too')
  expect(deadLetters.letters).toMatchObject([{ sequence: '1' }, { sequence: '2' }])
})

test('A7: the same on Lambda, whose batch was opened again and again without an outcome', async () => {
  const { owner, deadLetters, clock } = fleet(() =>
    reactor('r').on('see', saved, (e) => (e.after.id === 'killer' ? new Promise(() => {}) : undefined)),
  )
  const page = [inserted(1, 'killer'), inserted(2, 'b')]
  for (let invocation = 0; invocation < 5; invocation += 1) {
    const delivery = await owner().engine.open(lambda)
    void delivery.push(page)
    await pass(clock, 1_000)
    delivery.revoke(new Error('killed'))
  }
  const last = await owner().engine.open(lambda)
  void last.push(page)
  await idle()
  expect(await settled(last, clock, 1_000)).toEqual([])
  expect(deadLetters.letters).toMatchObject([{ reason: 'crashed', sequence: '1' }])
})

test('A7: on Lambda what kills is found however far behind the first record of its batch it stands', async () => {
  const clock = virtualClock()
  const state = memoryState({ clock })
  const deadLetters = memoryDeadLetters()
  const app = reactor('r').on('see', saved, (e) =>
    e.after.n === 9 ? new Promise<void>(() => {}) : undefined,
  )
  const page = Array.from({ length: 10 }, (_, n) => inserted(n + 1, `k${n}`))
  let left = page.length
  for (let invocation = 0; left > 0 && invocation < 10; invocation += 1) {
    const { engine } = engineOf(app, { clock, state, deadLetters, maxAhead: { records: 3 } })
    const delivery = await engine.open(lambda)
    void delivery.push(page)
    await pass(clock, 1_000)
    if (delivery.complete) left = (await settled(delivery, clock, 1_000)).length
    else delivery.revoke(new Error('killed'))
  }
  expect([left, deadLetters.letters.map(({ sequence, reason }) => [sequence, reason])]).toEqual([
    0,
    [['9', 'crashed']],
  ])
})

test('A7: what suspect mode could not write a letter of is kept, and not run, when its batch comes again', async () => {
  let works = false
  const seen: string[] = []
  const { owner, deadLetters, clock } = fleet(() =>
    reactor('r').on('see', saved, (e) => (works ? void seen.push(e.after.id) : new Promise(() => {}))),
  )
  const page = [inserted(1, 'killer')]
  for (let invocation = 0; invocation < 5; invocation += 1) {
    const delivery = await owner().engine.open(lambda)
    void delivery.push(page)
    await pass(clock, 1_000)
    delivery.revoke(new Error('killed'))
  }
  const put = deadLetters.put
  deadLetters.put = () => Promise.reject(new Unavailable('letters'))
  const kept = await owner().engine.open(lambda)
  void kept.push(page)
  expect(await settled(kept, clock, 10_000)).toMatchObject([{ sequence: '1' }])

  deadLetters.put = put
  works = true
  const last = await owner().engine.open(lambda)
  void last.push(page)
  expect(await settled(last, clock, 10_000)).toEqual([])
  expect([seen, deadLetters.letters.map(({ reason }) => reason)]).toEqual([[], ['crashed']])
})

test('A7: a batch that is suspected stays so until it has ended, but what only waits is not charged again and again', async () => {
  let killing = true
  let down = true
  const seen: string[] = []
  const { owner, deadLetters, clock } = fleet(() =>
    reactor('r').on('see', saved, (e) => {
      if (killing) return new Promise<void>(() => {})
      if (down) throw new Unavailable('search')
      seen.push(e.after.id)
    }),
  )
  const page = [inserted(1, 'a'), inserted(2, 'b')]
  const invoke = async () => {
    const delivery = await owner().engine.open(lambda)
    void delivery.push(page)
    return settled(delivery, clock, 10_000)
  }
  for (let invocation = 0; invocation < 2; invocation += 1) {
    const delivery = await owner().engine.open(lambda)
    void delivery.push(page)
    await pass(clock, 1_000)
    delivery.revoke(new Error('killed'))
  }
  killing = false
  for (let invocation = 0; invocation < 6; invocation += 1)
    expect(await invoke()).toMatchObject([{ sequence: '1' }, { sequence: '2' }])
  down = false
  expect(await invoke()).toEqual([])
  expect([seen, deadLetters.letters]).toEqual([['a', 'b'], []])
})

test('A7: a batch that comes again although it was done, as in a replay, has killed nobody', async () => {
  const { owner, clock, deadLetters } = fleet(() => reactor('r').on('see', saved, () => {}))
  for (let replay = 0; replay < 8; replay += 1) {
    const delivery = await owner().engine.open(lambda)
    void delivery.push([inserted(1, 'a'), inserted(2, 'b')])
    await idle()
    expect(await settled(delivery, clock, 1_000)).toEqual([])
  }
  expect(deadLetters.letters).toEqual([])
})

test('A7: in suspect mode records run one at a time, each charged before its bytes are looked at', async () => {
  let active = 0
  let most = 0
  const { owner, clock, state } = fleet(() =>
    reactor('r').on('see', saved, async () => {
      active += 1
      most = Math.max(most, active)
      await clock.sleep(100)
      active -= 1
    }),
  )
  const delivery = await owner().engine.open(worker, { crashes: 2 })
  const pushed = delivery.push([inserted(1, 'a'), inserted(2, 'b'), inserted(3, 'c')])
  await idle()
  // The charge names its process.
  expect((await state.get('app/suspect/s/shardId-0'))?.value).toEqual({ 1: [expect.any(String)] })
  await pass(clock, 1_000)
  await pushed
  expect([most, delivery.watermark?.sequence]).toEqual([1, '3'])
})

test('A7: in suspect mode as well nothing passes what comes while the shard is not held for a moment', async () => {
  const seen: number[] = []
  let held = false
  const { owner, clock } = fleet(() => reactor('r').on('see', saved, (e) => void seen.push(e.after.n)))
  const delivery = await owner().engine.open(worker, { crashes: 2, isHeld: () => held })
  const pushed = delivery.push([inserted(1, 'a'), inserted(2, 'a'), inserted(3, 'a')])
  await pass(clock, 500)
  held = true
  await pass(clock, 5_000)
  await pushed
  expect([seen, delivery.watermark?.sequence]).toEqual([[1, 2, 3], '3'])
})

test("A7: owners that drain a worker's lease one after the other, while a record waits for what is down, killed nobody", async () => {
  const { owner, deadLetters, clock } = fleet(() =>
    reactor('r').on('see', saved, () => {
      throw new Unavailable('billing')
    }),
  )
  for (let drained = 0; drained < 5; drained += 1) {
    // Two died before the first of them; the checkpoint has not moved since.
    const delivery = await owner().engine.open(worker, { crashes: 2 })
    void delivery.push([inserted(1, 'a')])
    expect(await settled(delivery, clock, 1_000)).toHaveLength(1)
  }
  expect(deadLetters.letters).toEqual([])
})

test('A7: in suspect mode a delivery is quiet while the one record that runs waits for its retry', async () => {
  const { owner, clock } = fleet(() =>
    reactor('r').on('see', saved, (e) => {
      if (e.after.id === 'a' && clock.now() < from + 30_000) throw new Unavailable('billing')
    }),
  )
  const from = clock.now()
  const delivery = await owner().engine.open(worker, { crashes: 2 })
  const pushed = delivery.push([inserted(1, 'a'), inserted(2, 'b')])
  let isQuiet = false
  void delivery.quiet().then(() => {
    isQuiet = true
  })
  await pass(clock, 0)
  expect([isQuiet, delivery.watermark]).toEqual([true, undefined])
  await pass(clock, 120_000)
  await pushed
  await delivery.quiet()
  expect(delivery.watermark?.sequence).toBe('2')
})

test('A7: on Lambda replays that each came further, and to an answer, are no crashes', async () => {
  const { owner, clock, state } = fleet(() =>
    reactor('r').on('see', saved, (e) => {
      if (e.after.id === 'b') throw new Unavailable('billing')
    }),
  )
  for (let replay = 0; replay < 4; replay += 1) {
    const delivery = await owner().engine.open(lambda)
    void delivery.push([inserted(1, 'a'), inserted(2, 'b')])
    expect(await settled(delivery, clock, 1_000)).toMatchObject([{ sequence: '2' }])
  }
  expect(await state.get('app/suspect/s/shardId-0'), 'nothing was charged').toBeUndefined()
})
