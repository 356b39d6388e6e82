/** Scenarios A12 to A25 and A39: redelivery against lanes, redrive, and what may be on the way; A19 is in parked-lanes.test.ts. */

import { expect, test } from 'vitest'
import * as z from 'zod'
import { createRedrive, type StreamRecord } from '../../src/engine.ts'
import { encodePublished, event, Permanent, RetryAfter, reactor, Unavailable } from '../../src/index.ts'
import { memoryDeadLetters, memoryEvents, memoryState, virtualClock } from '../../src/memory/index.ts'
import {
  arrived,
  Client,
  engineOf,
  idle,
  inserted,
  lambda,
  pass,
  record,
  saved,
  settled,
  worker,
} from '../bench.ts'

test('A12: what was done beyond a failure is not done again when its batch comes again', async () => {
  const seen: string[] = []
  const clock = virtualClock()
  const state = memoryState({ clock })
  const app = () =>
    reactor('r', { retry: { attempts: 2, base: '1m' } }).on('index', saved, (e) => {
      seen.push(`${e.after.id}${e.after.n}`)
      if (e.after.id === 'poison') throw new Error('no')
    })
  const batch = [inserted(1, 'poison'), inserted(2, 'b'), inserted(3, 'b'), inserted(4, 'c')]
  for (let invocation = 0; invocation < 4; invocation += 1) {
    const delivery = await engineOf(app(), { clock, state }).engine.open(lambda)
    await delivery.push(batch)
    const settled = delivery.settle(new Date(clock.now() + 20_000))
    await pass(clock, 20_000)
    await settled
  }
  expect(seen).toEqual(['poison1', 'b2', 'b3', 'c4', 'poison1'])
})

test('A14: RetryAfter is kept across invocations, counts nothing, and holds the invocation back', async () => {
  const runs: number[] = []
  const clock = virtualClock()
  const state = memoryState({ clock })
  const start = clock.now()
  const app = () =>
    reactor('r', { retry: { attempts: 2 } }).on('post', saved, (_, { attempt }) => {
      runs.push(attempt)
      if (runs.length === 1) throw new RetryAfter('5m')
    })
  let invocations = 0
  for (let open = 1; open > 0; invocations += 1) {
    const delivery = await engineOf(app(), { clock, state }).engine.open(lambda)
    await delivery.push([inserted(1, 'a')])
    const unfinished = await settled(delivery, clock, 58_000)
    open = unfinished.length
  }
  expect(runs).toEqual([1, 1])
  expect(clock.now() - start).toBeGreaterThanOrEqual(300_000)
  expect(invocations, 'held for 10 s each, not a hot loop').toBeLessThanOrEqual(32)
})

test('A15: without a dead-letter store construction fails; one that fails leaves the record unfinished', async () => {
  const app = reactor('r', { retry: { attempts: 1 } }).on('see', saved, () => {
    throw new Permanent('never')
  })
  const letters = memoryDeadLetters()
  let down = true
  const deadLetters = {
    ...letters,
    letters: [],
    put: async (letter: Parameters<typeof letters.put>[0]) => {
      if (down) throw new Error('bucket down')
      await letters.put(letter)
    },
  }
  const { engine, clock } = engineOf(app, { deadLetters })
  const delivery = await engine.open(worker)
  await delivery.push([inserted(1, 'a')])
  await pass(clock, 60_000)
  expect(delivery.watermark).toBeUndefined()
  down = false
  await pass(clock, 120_000)
  expect([letters.letters.length, delivery.watermark?.sequence]).toEqual([1, '1'])
})

test('A16: a halted route holds its reactor on its shard, loudly, and no other', async () => {
  const seen: string[] = []
  const failing = reactor('strict', { retry: { attempts: 1 }, whenExhausted: 'halt' })
    .on('post', saved, (e) => {
      if (e.after.id === 'poison') throw new Error('no')
      seen.push(`post ${e.after.id}`)
    })
    .on('other', saved, (e) => void seen.push(`other ${e.after.id}`))
  const easy = reactor('easy').on('log', saved, (e) => void seen.push(`log ${e.after.id}`))
  const { engine, logged } = engineOf([failing, easy])
  const one = await engine.open(worker)
  const two = await engine.open({ ...worker, shard: 'shardId-1' })
  await one.push([inserted(1, 'poison')])
  await one.push([inserted(2, 'b')])
  await two.push([inserted(1, 'c')])
  await Promise.all([one.quiet(), two.quiet()])
  expect(seen).toEqual(['other poison', 'log poison', 'log b', 'post c', 'other c', 'log c'])
  expect([one.watermark, two.watermark?.sequence]).toEqual([undefined, '1'])
  expect(logged.filter(({ level }) => level === 'error')).toMatchObject([
    { message: expect.stringContaining('halted') },
  ])
})

test('A17: one key under two partition keys is said once: order across shards would not hold', async () => {
  const { engine, logged, clock } = engineOf(reactor('r').on('see', saved, () => clock.sleep(10)))
  const delivery = await engine.open(worker)
  const other = (n: number) => ({ ...inserted(n, 'a'), partitionKey: `q${n}` })
  await delivery.push([inserted(1, 'a'), other(2), other(3)])
  await pass(clock, 100)
  expect(logged.filter(({ message }) => message.includes('two partition keys'))).toHaveLength(1)
  expect(delivery.watermark?.sequence).toBe('3')
})

test('A20: a redrive comes to the shard and lane of its record, for its route only; other applications drop it', async () => {
  const clock = virtualClock()
  const seen: string[] = []
  const deadLetters = memoryDeadLetters()
  let works = false
  const app = () =>
    reactor('r', { retry: { attempts: 1 } })
      .on('post', saved, (e) => {
        if (!works) throw new Error('no')
        seen.push(`post ${e.after.n} ${e.redriven?.of}`)
      })
      .on('index', saved, (e) => void seen.push(`index ${e.after.n}`))
  const { engine } = engineOf(app(), { clock, deadLetters })
  const delivery = await engine.open(worker)
  await delivery.push([{ ...inserted(1, 'a'), partitionKey: 'where-a-lives' }])
  await delivery.quiet()
  works = true
  const [letter] = deadLetters.letters
  const sink = memoryEvents()
  await createRedrive({ application: 'app', deadLetters, events: sink, clock }).letters()
  expect(sink.records[0]?.partitionKey).toBe('where-a-lives')

  const foreign = engineOf(app(), { clock, application: 'other' })
  const theirs = await foreign.engine.open(worker)
  await theirs.push([arrived(2, sink.records[0])])
  await theirs.quiet()
  await delivery.push([arrived(2, sink.records[0])])
  await delivery.quiet()
  expect(seen).toEqual(['index 1', `post 1 ${letter?.id}`])
  expect([theirs.watermark?.sequence, foreign.deadLetters.letters]).toEqual(['2', []])
})

test('A20: a letter that had reached no route reaches those that want it once the code understands it', async () => {
  const seen: string[] = []
  const deadLetters = memoryDeadLetters()
  const clock = virtualClock()
  const { engine } = engineOf(
    reactor('r').on('see', saved, (e) => void seen.push(e.after.id)),
    { deadLetters, clock, maxRecordBytes: 100 },
  )
  const strict = await engine.open(worker)
  await strict.push([inserted(1, 'a'), record(2, 'no json')])
  await strict.quiet()
  expect(deadLetters.letters).toMatchObject([{ reason: 'too-large' }, { reason: 'undecodable' }])
  const sink = memoryEvents()
  await createRedrive({ application: 'app', deadLetters, events: sink, clock }).letters()
  const { engine: better } = engineOf(
    reactor('r').on('see', saved, (e) => void seen.push(e.after.id)),
    { deadLetters, clock },
  )
  const delivery = await better.open(worker)
  await delivery.push([arrived(3, sink.records[0]), arrived(4, sink.records[1])])
  await delivery.quiet()
  expect(seen).toEqual(['a'])
  expect(deadLetters.letters, 'what is still no JSON stays').toMatchObject([{ sequence: '2' }])
  expect(delivery.watermark?.sequence).toBe('4')
})

test('A20: what had reached no route, and whose letter could not be written, reaches those that want it once it is read', async () => {
  const clock = virtualClock()
  const state = memoryState({ clock })
  const seen: string[] = []
  const app = () => reactor('r').on('see', saved, (e) => void seen.push(e.after.id))
  const page = [inserted(1, 'a'), inserted(2, 'large', { text: 'x'.repeat(2_000) })]
  const lost = memoryDeadLetters()
  const deadLetters = { ...lost, put: () => Promise.reject(new Unavailable('letters')) }
  const first = await engineOf(app(), { clock, state, deadLetters, maxRecordBytes: 1_000 }).engine.open(
    lambda,
  )
  void first.push(page)
  expect(await settled(first, clock, 10_000)).toMatchObject([{ sequence: '2' }])
  const second = await engineOf(app(), { clock, state }).engine.open(lambda)
  void second.push(page.slice(1))
  expect(await settled(second, clock, 10_000)).toEqual([])
  expect(seen).toEqual(['a', 'large'])
})

test('A20: a letter that had reached no route goes on where it stood, when its shard changes hands', async () => {
  const seen: string[] = []
  const clock = virtualClock()
  const deadLetters = memoryDeadLetters()
  const state = memoryState({ clock })
  let works = false
  const owner = (maxRecordBytes: number) =>
    engineOf(
      reactor('r', { retry: { base: '1h', max: '1h' } })
        .on('index', saved, () => void seen.push('index'))
        .on('post', saved, () => {
          if (!works) throw new Error('no')
          seen.push('post')
        }),
      { deadLetters, clock, state, maxRecordBytes },
    ).engine
  const strict = await owner(100).open(worker)
  await strict.push([inserted(1, 'a')])
  await strict.quiet()
  const sink = memoryEvents()
  await createRedrive({ application: 'app', deadLetters, events: sink, clock }).letters()
  const first = await owner(1_000).open(worker)
  await first.push([arrived(2, sink.records[0])])
  await pass(clock, 100)
  expect([seen, first.watermark]).toEqual([['index'], undefined])

  works = true
  const { journal = '' } = first
  first.revoke(new Error('handed over'))
  const second = await owner(1_000).open(worker, { journal })
  await second.push([arrived(2, sink.records[0])])
  await pass(clock, 3_700_000)
  expect([seen, second.watermark?.sequence, deadLetters.letters]).toEqual([['index', 'post'], '2', []])
})

test('A21: a redrive of what has changed since is skipped where the route guards against stale events', async () => {
  const seen: string[] = []
  const deadLetters = memoryDeadLetters()
  const clock = virtualClock()
  let works = false
  const { engine } = engineOf(
    reactor('r', { retry: { attempts: 1 } }).on(
      'announce',
      saved,
      (e) => {
        if (e.after.n === 1 && !works) throw new Error('no')
        seen.push(`n${e.after.n}`)
      },
      { stale: 'skip' },
    ),
    { deadLetters, clock },
  )
  const delivery = await engine.open(worker)
  await delivery.push([inserted(1, 'a'), inserted(2, 'a')])
  await pass(clock, 1_000)
  works = true
  const sink = memoryEvents()
  await createRedrive({ application: 'app', deadLetters, events: sink, clock }).letters()
  await delivery.push([arrived(3, sink.records[0])])
  await pass(clock, 1_000)
  expect([seen, deadLetters.letters]).toEqual([['n2'], []])
})

test('A23: a slow route holds up its own lane, not the other routes of the same item', async () => {
  const seen: string[] = []
  const { engine, clock } = engineOf(
    reactor('r')
      .on('slack', saved, async () => clock.sleep(120_000))
      .on('index', saved, (e) => void seen.push(`index ${e.after.n}`)),
  )
  const delivery = await engine.open(worker)
  await delivery.push([inserted(1, 'a'), inserted(2, 'a')])
  await idle()
  expect([seen, delivery.watermark]).toEqual([['index 1', 'index 2'], undefined])
})

test('A24: work above the watermark is bounded by count, by age, and by bytes of the whole process', async () => {
  const stuck = () =>
    reactor('r').on('see', saved, (e) => (e.after.id === 'stuck' ? new Promise(() => {}) : undefined))
  const pushed = async (
    delivery: { push(records: readonly StreamRecord[]): Promise<void> },
    records: StreamRecord[],
  ) => {
    let room = false
    void delivery.push(records).then(() => {
      room = true
    })
    await idle()
    return room
  }
  const clock = virtualClock()

  const byCount = await engineOf(stuck(), { clock, maxAhead: { records: 3 } }).engine.open(worker)
  expect(await pushed(byCount, [inserted(1, 'stuck'), inserted(2, 'b'), inserted(3, 'c')])).toBe(true)
  expect(await pushed(byCount, [inserted(4, 'd')])).toBe(false)

  const byAge = await engineOf(stuck(), { clock, maxAhead: { age: '1m' } }).engine.open(worker)
  expect(await pushed(byAge, [inserted(1, 'stuck')])).toBe(true)
  await pass(clock, 60_001)
  expect(await pushed(byAge, [inserted(2, 'b')])).toBe(false)

  const { engine } = engineOf(stuck(), { clock, maxAhead: { bytes: 300 } })
  const one = await engine.open(worker)
  const two = await engine.open({ ...worker, shard: 'shardId-1' })
  expect(await pushed(one, [inserted(1, 'stuck'), inserted(2, 'stuck')]), 'one record fits').toBe(false)
  expect(await pushed(two, [inserted(1, 'b')]), 'nothing of its own is on the way').toBe(true)
  expect(await pushed(two, [inserted(2, 'stuck')]), 'the process is full').toBe(false)
  one.revoke(new Error('lost'))
  expect(await pushed(two, []), 'the other gave its bytes back').toBe(true)
})

test('A25: the watermark follows the lowest record that is not done; never past it', async () => {
  let release = () => {}
  const { engine } = engineOf(
    reactor('r').on('see', saved, (e) =>
      e.after.id === 'slow' ? new Promise<void>((resolve) => (release = resolve)) : undefined,
    ),
  )
  const delivery = await engine.open(worker)
  await delivery.push([inserted(1, 'a'), inserted(2, 'slow'), inserted(3, 'c')])
  expect(delivery.watermark?.sequence).toBe('1')
  release()
  await delivery.quiet()
  expect(delivery.watermark?.sequence).toBe('3')
})

test('A39: order is that of the stream, whatever the times in the records say', async () => {
  const seen: number[] = []
  const { engine } = engineOf(reactor('r').on('see', saved, (e) => void seen.push(e.after.n)))
  const delivery = await engine.open(worker)
  // The second was written first.
  const [late, early] = [inserted(2, 'a'), inserted(1, 'a')]
  await delivery.push([
    { ...late, sequence: '1' },
    { ...early, sequence: '2' },
  ])
  await delivery.quiet()
  expect(seen).toEqual([2, 1])
  expect(Client.spec.version).toBeUndefined()
})

test('A39: published events of several names and one key are in stream order for a route that takes them all', async () => {
  const schema = z.object({ order: z.string() })
  const paid = event('invoice.paid', { schema, key: (p) => p.order })
  const refunded = event('invoice.refunded', { schema, key: (p) => p.order })
  const seen: string[] = []
  let calls = 0
  const app = () =>
    reactor('r', { retry: { attempts: 3 } }).on('see', [paid, refunded], (e) => {
      calls += 1
      if (calls === 1) throw new Error('not yet')
      seen.push(`${e.name} ${e.key}`)
    })
  const { engine, clock } = engineOf(app())
  const about = (id: string) => ({ id, source: 'billing', time: new Date(clock.now()) })
  const delivery = await engine.open(worker)
  await delivery.push([
    arrived(1, await encodePublished(paid, { order: 'a' }, about('1'))),
    arrived(2, await encodePublished(refunded, { order: 'a' }, about('2'))),
    arrived(3, await encodePublished(refunded, { order: 'b' }, about('3'))),
  ])
  await pass(clock, 60_000)
  expect(seen).toEqual(['invoice.refunded b', 'invoice.paid a', 'invoice.refunded a'])
})
