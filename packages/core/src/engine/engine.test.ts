import { expect, test } from 'vitest'
import * as z from 'zod'
import type { Context } from '../declare/index.ts'
import { createEngine, describe } from '../engine.ts'
import { entity, marshal, type RouteOptions, reactor } from '../index.ts'
import { memoryDeadLetters, memoryState, virtualClock } from '../memory/index.ts'
import type { StateStore } from '../ports/index.ts'

const Client = entity('client', { table: 'clients', key: 'id', schema: z.object({ id: z.string() }) })
const saved = Client.saved('client.saved')
const source = { stream: 's', shard: 'shardId-0', redelivers: 'none' } as const

function record(sequence: number, id: string) {
  const dynamodb = {
    ApproximateCreationDateTime: 1_796_000_000_000_000 + sequence,
    Keys: marshal({ id }),
    NewImage: marshal({ id }),
  }
  const data = new TextEncoder().encode(
    JSON.stringify({ eventName: 'INSERT', tableName: 'clients', dynamodb }),
  )
  return { sequence: String(sequence), subSequence: 0, partitionKey: id, data, arrivedAt: new Date(0) }
}

function engineWith(
  handle: (id: string, context: Context) => unknown,
  options: RouteOptions,
  shared: { state?: StateStore } = {},
) {
  const clock = virtualClock()
  const deadLetters = memoryDeadLetters()
  const state = shared.state ?? memoryState({ clock })
  const reactors = [reactor('r').on('see', saved, (e, context) => handle(e.after.id, context), options)]
  return {
    clock,
    deadLetters,
    state,
    engine: createEngine({ application: 'app', reactors, state, deadLetters, clock, random: () => 1 }),
  }
}

test('a drain does not wait for an attempt that is yet to come: the next owner makes it at its time, and counts on', async () => {
  const attempts: number[] = []
  const { engine, clock } = engineWith(
    (_, { attempt }) => {
      attempts.push(attempt)
      throw new Error('not yet')
    },
    { retry: { attempts: 5, base: '10s', max: '10s' } },
  )
  const first = await engine.open(source)
  await first.push([record(1, 'a')])
  await first.quiet()
  // Resolves although nobody moves the clock.
  expect(await first.settle(new Date(clock.now() + 60_000))).toEqual([{ sequence: '1', subSequence: 0 }])
  const { journal } = first
  const second = await engine.open(source, journal === undefined ? {} : { journal })
  await second.push([record(1, 'a')])
  await second.quiet()
  expect(attempts, 'its time has not come').toEqual([1])
  await clock.moveTo(clock.now() + 10_000, () => second.quiet())
  expect(attempts).toEqual([1, 2])
})

test('the watermark stops below what is unfinished; the journal spares the next owner what was done above it', async () => {
  const seen: string[] = []
  const { engine } = engineWith((id) => {
    if (id === 'bad' && seen.length < 3) throw new Error('not yet')
    seen.push(id)
  }, {})
  const first = await engine.open(source)
  await first.push([record(1, 'a'), record(2, 'bad'), record(3, 'c'), record(4, 'd')])
  await first.quiet()
  expect([seen, first.watermark]).toEqual([['a', 'c', 'd'], { sequence: '1', subSequence: 0 }])
  const { journal } = first
  first.revoke(new Error('lost'))

  const second = await engine.open(source, journal === undefined ? {} : { journal })
  await second.push([record(2, 'bad'), record(3, 'c'), record(4, 'd')])
  await second.quiet()
  expect(seen).toEqual(['a', 'c', 'd'])
})

test('a claim that another owner holds waits without counting, and is taken over once its lease and the skew are over', async () => {
  const attempts: number[] = []
  const never = new Promise(() => {})
  const zombie = engineWith(() => never, { effect: 'claim', timeout: '10s' })
  const dying = await zombie.engine.open(source)
  await dying.push([record(1, 'a')])
  await new Promise((resolve) => setImmediate(resolve))

  const heir = engineWith(
    (_, { attempt }) => void attempts.push(attempt),
    { effect: 'claim' },
    { state: zombie.state },
  )
  const delivery = await heir.engine.open(source)
  await delivery.push([record(1, 'a')])
  await delivery.quiet()
  expect(attempts).toEqual([])
  await heir.clock.moveTo(heir.clock.now() + 11_900, () => delivery.quiet())
  expect(attempts).toEqual([])
  await heir.clock.moveTo(heir.clock.now() + 1_000, () => delivery.quiet())
  expect([attempts, delivery.watermark?.sequence]).toEqual([[1], '1'])
})

test('a halted reactor holds its shard and keeps nothing back as done', async () => {
  const { engine, deadLetters } = engineWith(
    () => {
      throw new Error('boom')
    },
    { whenExhausted: 'halt', retry: { attempts: 1 } },
  )
  const delivery = await engine.open(source)
  await delivery.push([record(1, 'a'), record(2, 'b')])
  await delivery.quiet()
  expect([delivery.watermark, deadLetters.letters]).toEqual([undefined, []])
})

test('nothing starts on a shard that is not held, and revoke aborts what runs', async () => {
  const signals: AbortSignal[] = []
  let held = true
  const { engine } = engineWith((_, { signal }) => {
    signals.push(signal)
    return new Promise((resolve) => signal.addEventListener('abort', resolve))
  }, {})
  const delivery = await engine.open(source, { isHeld: () => held })
  await delivery.push([record(1, 'a')])
  await new Promise((resolve) => setImmediate(resolve))
  held = false
  await delivery.push([record(2, 'b')])
  delivery.revoke(new Error('lost'))
  expect(signals.map((signal) => signal.aborted)).toEqual([true])
  expect(delivery.watermark).toBeUndefined()
})

test('a wrong configuration lists every problem at once', () => {
  const broken = {
    application: '',
    reactors: [reactor('r').on('see', saved, () => {})],
    state: {} as StateStore,
    concurrency: 0,
  }
  expect(() => createEngine(broken)).toThrow(/application.*\n.*state.*\n.*concurrency.*\n.*deadLetters/)
})

/** How many elements the work visits through the methods of lists. */
function visitsOf(work: () => unknown): number {
  const { flatMap, filter, map } = Array.prototype
  let visits = 0
  const counting = <M extends (...given: never[]) => unknown>(method: M) =>
    function (this: unknown[], ...given: Parameters<M>) {
      visits += this.length
      return method.apply(this, given)
    }
  Object.assign(Array.prototype, { flatMap: counting(flatMap), filter: counting(filter), map: counting(map) })
  try {
    work()
  } finally {
    Object.assign(Array.prototype, { flatMap, filter, map })
  }
  return visits
}

test('what it takes to make an engine and to describe its routes grows with the routes, not with their square', () => {
  const visits = (size: number) => {
    const reactors = Array.from({ length: size }, (_, n) => reactor(`r${n}`).on('see', saved, () => {}))
    const one = reactors.reduce((made, _, n) => made.on(`see-${n}`, saved, () => {}), reactor('one'))
    return [
      () =>
        createEngine({
          application: 'app',
          reactors,
          state: memoryState(),
          deadLetters: memoryDeadLetters(),
        }).routes,
      () => describe(one),
    ].map(visitsOf)
  }
  const [few, many] = [visits(100), visits(400)]
  expect(many.map((each, n) => each / (few[n] ?? 0) < 5)).toEqual([true, true])
})
