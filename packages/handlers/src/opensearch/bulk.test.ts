import { setImmediate as turn } from 'node:timers/promises'
import { virtualClock } from '@spaceship/core/memory'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createBulk, type Sent } from './bulk.ts'

type Server = (ids: readonly string[]) => Sent<string> | Promise<Sent<string>>

const taken: Server = (ids) => ({ answers: ids.map((id) => `${id} taken`) })

const operation = (id: string) => ({ id, action: '', document: undefined, size: id.length + 1 })

/** A bulk over a server that is told the ids of each request. */
function started(server: Server, limits: { most?: number; room?: number } = {}) {
  const clock = virtualClock(0)
  const requests: string[][] = []
  const bulk = createBulk<string>({
    clock,
    random: () => 0.5,
    most: limits.most ?? 1_000,
    room: limits.room ?? 5_000_000,
    send: async (operations) => {
      const ids = operations.map(({ id }) => id)
      requests.push(ids)
      return server(ids)
    },
  })
  const write = (id: string, signal?: AbortSignal) => {
    const written = bulk.write(operation(id), signal)
    // Looked at when the time has passed.
    written.catch(() => {})
    return written
  }
  /** Lets time pass until nobody sleeps. */
  const run = async (): Promise<void> => {
    await turn()
    while (clock.next !== undefined) await clock.moveTo(clock.next, () => turn())
  }
  return { clock, requests, write, run }
}

const outcomes = async (writes: readonly Promise<string>[]) =>
  (await Promise.allSettled(writes)).map((each) =>
    each.status === 'fulfilled' ? each.value : String(Object(each.reason).message ?? each.reason),
  )

test('what is written within 2 ms goes out as one request, and each is told its own answer', async () => {
  const { requests, write, run } = started(taken)
  const writes = ['a', 'b', 'c'].map((id) => write(id))
  await run()
  expect(await outcomes(writes)).toEqual(['a taken', 'b taken', 'c taken'])
  expect(requests).toEqual([['a', 'b', 'c']])
})

test('a full request does not wait; none is longer than it may be, but for a write that is too long alone', async () => {
  const { requests, write, run } = started(taken, { most: 2, room: 12 })
  const long = 'x'.repeat(40)
  const writes = ['a', 'b', 'c', long, 'd'].map((id) => write(id))
  await run()
  await outcomes(writes)
  expect(requests).toEqual([['a', 'b'], ['c'], [long], ['d']])
})

test('two writes of one document never travel together: the second waits for the answer of the first', async () => {
  const answers: (() => void)[] = []
  const { requests, write, run } = started(async (ids) => {
    await new Promise<void>((resolve) => answers.push(resolve))
    return taken(ids)
  })
  const writes = [write('a'), write('b'), write('a'), write('a')]
  await run()
  expect(requests).toEqual([['a', 'b']])
  answers.shift()?.()
  await run()
  expect(requests).toEqual([['a', 'b'], ['a']])
  answers.shift()?.()
  await run()
  answers.shift()?.()
  expect(await outcomes(writes)).toEqual(['a taken', 'b taken', 'a taken', 'a taken'])
})

test('a server that is slow gets at most four requests at once, and then one with all that came meanwhile', async () => {
  const answers: (() => void)[] = []
  const { requests, write, run } = started(async (ids) => {
    await new Promise<void>((resolve) => answers.push(resolve))
    return taken(ids)
  })
  const writes: Promise<string>[] = []
  for (let n = 0; n < 20; n += 1) {
    writes.push(write(String(n)))
    await run()
  }
  expect(requests.length).toBe(4)
  while (answers.length > 0) {
    answers.shift()?.()
    await run()
  }
  expect(requests.length).toBe(5)
  expect((await outcomes(writes)).length).toBe(20)
})

test.each(['contents', 'load'] as const)(
  'refused for its %s: nobody is left without an answer',
  async (refused) => {
    const poison = new Set(['7', '31', '32'])
    const { requests, write, run } = started((ids) => {
      if (refused === 'load' && requests.length === 1) return { refused, error: new Error('too much') }
      if (refused === 'contents' && ids.some((id) => poison.has(id)))
        return { refused, error: new Error('no') }
      return taken(ids)
    })
    const first = Array.from({ length: 40 }, (_, n) => write(String(n)))
    await run()
    const told = await outcomes(first)
    if (refused === 'contents')
      return expect(told).toEqual(first.map((_, n) => (poison.has(String(n)) ? 'no' : `${n} taken`)))
    expect(new Set(told)).toEqual(new Set(['too much']))
    const again = Array.from({ length: 40 }, (_, n) => write(String(n)))
    await run()
    expect((await outcomes(again)).every((each) => each.endsWith('taken'))).toBe(true)
    // Half as many, and then more with each that is taken.
    expect(requests[1]?.length).toBe(20)
  },
)

test('one that is refused for the load is told so at once; the next request waits', async () => {
  const { clock, requests, write } = started(() => ({ refused: 'load', error: new Error('too much') }))
  const first = write('a')
  await clock.moveTo(2, () => turn())
  expect(await outcomes([first])).toEqual(['too much'])
  void outcomes([write('b')])
  await clock.moveTo(50, () => turn())
  expect(requests).toEqual([['a']])
  await clock.moveTo(200, () => turn())
  expect(requests).toEqual([['a'], ['b']])
})

const tooMuch: Sent<string> = { refused: 'load', error: new Error('too much') }
const many = (count: number) => Array.from({ length: count }, (_, n) => String(n))

test.each<[string, (ids: readonly string[]) => Sent<string>, number]>([
  ['a request', () => tooMuch, 0],
  ['a write of one', (ids) => ({ answers: ids.map((id) => `${id} taken`), busy: new Error('too much') }), 10],
])(
  '%s is refused for the load: so are all that wait, and the server is not asked again',
  async (_, answer, done) => {
    const { clock, requests, write } = started(
      async (ids) => {
        await clock.sleep(1)
        return answer(ids)
      },
      { most: 10 },
    )
    const writes = many(100).map((id) => write(id))
    // Behind the first one.
    writes.push(write('0'))
    const told = outcomes(writes)
    await clock.moveTo(1, () => turn())
    expect((await told).filter((each) => each.endsWith('taken')).length).toBe(4 * done)
    expect(new Set((await told).filter((each) => !each.endsWith('taken')))).toEqual(new Set(['too much']))
    expect(requests.length).toBe(4)
  },
)

test('the halves of a request stop at the first that is too much', async () => {
  const { clock, requests, write } = started((ids) => {
    if (ids.length > 5) return { refused: 'contents', error: new Error('no') }
    return tooMuch
  })
  const told = outcomes(many(10).map((id) => write(id)))
  await clock.moveTo(2, () => turn())
  expect(new Set(await told)).toEqual(new Set(['too much']))
  expect(requests.length).toBe(2)
})

test('what its callers have left takes no place in a request', async () => {
  const { clock, requests, write, run } = started((ids) => (ids.length > 30 ? tooMuch : taken(ids)))
  void outcomes(many(40).map((id) => write(id)))
  await clock.moveTo(2, () => turn())
  const stop = new AbortController()
  const writes = many(40).map((id) => write(id, Number(id) % 2 === 0 ? stop.signal : undefined))
  stop.abort('gone')
  await run()
  await outcomes(writes)
  expect(requests.slice(1)).toEqual([many(40).filter((id) => Number(id) % 2 === 1)])
})

test('a request that all callers leave before it is sent is no proof that the server takes more again', async () => {
  const { clock, requests, write, run } = started((ids) => (ids.length > 30 ? tooMuch : taken(ids)))
  void outcomes(many(40).map((id) => write(id)))
  await clock.moveTo(2, () => turn())
  const stop = new AbortController()
  void outcomes(many(20).map((id) => write(id, stop.signal)))
  stop.abort('gone')
  await run()
  expect(requests.length).toBe(1)
  void outcomes(many(40).map((id) => write(id)))
  await run()
  expect(requests[1]?.length).toBe(20)
})

test('who goes during the pause after a refusal is told that, and who goes when his write was sent his own reason', async () => {
  const { clock, write } = started((ids) => (ids.includes('a') ? tooMuch : new Promise(() => {})))
  const first = write('a')
  await clock.moveTo(2, () => turn())
  const stop = new AbortController()
  const waiting = [write('b', stop.signal), write('b', stop.signal)]
  await clock.moveTo(50, () => turn())
  stop.abort('time is over')
  expect(await outcomes([first, ...waiting])).toEqual(['too much', 'too much', 'too much'])
  const late = new AbortController()
  const sent = write('c', late.signal)
  await clock.moveTo(500, () => turn())
  late.abort('time is over')
  expect(await outcomes([sent])).toEqual(['time is over'])
})

test('an outage is no proof that the server takes more again', async () => {
  const script: Sent<string>[] = [tooMuch]
  const { clock, requests, write, run } = started((ids) => {
    if (requests.length === 2) throw new Error('outage')
    return script.shift() ?? taken(ids)
  })
  await Promise.all([outcomes(many(40).map((id) => write(id))), clock.moveTo(2, () => turn())])
  await run()
  const second = outcomes([write('a')])
  await run()
  expect(await second).toEqual(['outage'])
  const third = outcomes(many(40).map((id) => write(id)))
  await run()
  expect(new Set((await third).map((each) => each.replace(/^\d+ /, '')))).toEqual(new Set(['taken']))
  expect(requests[2]?.length).toBe(20)
})

test('a request of which all callers have gone is ended; one of which some have gone is not', async () => {
  const ended: unknown[] = []
  const clock = virtualClock(0)
  const bulk = createBulk<string>({
    clock,
    random: () => 0,
    most: 10,
    room: 1_000,
    send: (_, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          ended.push(signal.reason)
          reject(signal.reason)
        })
      }),
  })
  const stops = [new AbortController(), new AbortController()]
  const writes = stops.map(({ signal }, n) => bulk.write(operation(String(n)), signal))
  const told = outcomes(writes)
  await clock.moveTo(2, () => turn())
  stops[0]?.abort('one')
  expect(ended).toEqual([])
  stops[1]?.abort('two')
  expect(ended).toEqual(['two'])
  expect(await told).toEqual(['one', 'two'])
})

test('property: whatever the server does, each write is told once, in the order of its document, and nothing stays behind', async () => {
  const write = fc.record({
    id: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'poison'),
    leaves: fc.boolean(),
    pause: fc.nat(4),
  })
  const behaviour = fc.array(fc.constantFrom('answer', 'answer', 'busy', 'load', 'outage', 'slow'), {
    maxLength: 30,
  })
  await fc.assert(
    fc.asyncProperty(fc.array(write, { maxLength: 40 }), behaviour, async (plan, behaviours) => {
      const underWay = new Set<string>()
      const script = [...behaviours]
      const { clock, write, run } = started(
        async (ids) => {
          for (const id of ids) {
            expect(underWay.has(id)).toBe(false)
            underWay.add(id)
          }
          const next = script.shift() ?? 'answer'
          if (next === 'slow') await clock.sleep(50)
          for (const id of ids) underWay.delete(id)
          if (next === 'outage') throw new Error('outage')
          if (next === 'load') return { refused: 'load', error: new Error('load') }
          if (ids.includes('poison')) return { refused: 'contents', error: new Error('poison') }
          const answers = ids.map((id) => `${id} taken`)
          return next === 'busy' ? { answers, busy: new Error('busy') } : { answers }
        },
        { most: 5 },
      )
      const told: Promise<string>[] = []
      const stops: AbortController[] = []
      for (const { id, leaves, pause } of plan) {
        const stop = new AbortController()
        told.push(write(id, stop.signal))
        if (leaves) stops.push(stop)
        if (pause > 0) await clock.moveTo(clock.now() + pause, () => turn())
        if (pause > 2) stops.shift()?.abort('left')
      }
      const ends = outcomes(told)
      await run()
      for (const [n, end] of (await ends).entries()) {
        const { id, leaves } = plan[n] ?? { id: '', leaves: false }
        const fine = [
          `${id} taken`,
          'load',
          'busy',
          'outage',
          ...(id === 'poison' ? ['poison'] : []),
          ...(leaves ? ['left'] : []),
        ]
        expect(fine).toContain(end)
        if (id === 'poison') expect(end).not.toBe('poison taken')
      }
      // Free again.
      script.splice(0)
      const last = ['a', 'b', 'c', 'd', 'e'].map((id) => write(id))
      await run()
      expect(await outcomes(last)).toEqual(['a', 'b', 'c', 'd', 'e'].map((id) => `${id} taken`))
    }),
  )
})
