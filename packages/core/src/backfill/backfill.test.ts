import fc from 'fast-check'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { createEngine } from '../engine.ts'
import { type EventMeta, entity, handler, Permanent, reactor, skip, Unavailable } from '../index.ts'
import { memoryDeadLetters, memoryEntities, memoryState, virtualClock } from '../memory/index.ts'
import { type Clock, silent, systemClock, type TableScanner } from '../ports/index.ts'
import { createTables } from '../testing/tables.ts'
import { type BackfillOptions, createBackfill } from './index.ts'

const Client = entity('client', {
  table: 'clients',
  key: 'id',
  schema: z.object({ id: z.string(), n: z.number() }),
})
const saved = Client.saved('client.saved')
const left = Client.removed('client.left')
const grew = Client.changed('client.grew', { n: (before, after) => after > before })

type Saved = EventMeta & { readonly after: { readonly id: string; readonly n: number } }

/** An index as search engines keep one: the newest version stands, also of what was removed. */
function memoryIndex() {
  const held = new Map<string, { version: number; n: number | undefined }>()
  const write = ({ key, version: { max: version } }: EventMeta, n: number | undefined) => {
    const current = held.get(key)
    if (current !== undefined && version < current.version) return skip('it is older')
    held.set(key, { version, n })
    return undefined
  }
  return {
    write,
    forget: () => held.clear(),
    living: () => Object.fromEntries([...held].flatMap(([id, { n }]) => (n === undefined ? [] : [[id, n]]))),
  }
}

function indexing(index: ReturnType<typeof memoryIndex>, told: (event: Saved) => void = () => {}) {
  const idempotent = { effect: 'idempotent' } as const
  return reactor('indexing')
    .on(
      'index',
      saved,
      handler(idempotent, (event: Saved) => {
        told(event)
        return index.write(event, event.after.n)
      }),
    )
    .on(
      'unindex',
      left,
      handler(idempotent, (event: EventMeta) => index.write(event, undefined)),
    )
    .on('tell', saved, () => {
      throw new Error('nobody has asked for it')
    })
    .on('growth', grew, () => {
      throw new Error('a row that was found has not grown')
    })
}

const ports = () => ({ state: memoryState(), deadLetters: memoryDeadLetters(), logger: silent })

function fill(count: number) {
  const scanner = memoryEntities()
  for (let n = 0; n < count; n += 1) scanner.put('clients', { id: `c${n}` }, { id: `c${n}`, n })
  return scanner
}

const paged = (scanner: TableScanner, limit: number): TableScanner => ({
  ...scanner,
  page: (table, options) => scanner.page(table, { ...options, limit }),
})

function backfill(options: Partial<BackfillOptions> & Pick<BackfillOptions, 'reactor' | 'scanner'>) {
  return createBackfill({ application: 'app', ...ports(), ...options })
}

test('each row goes through the idempotent routes on saved events, marked, and dated before it was read', async () => {
  const index = memoryIndex()
  const events: Saved[] = []
  const before = Date.now()
  const fillIn = backfill({ reactor: indexing(index, (event) => events.push(event)), scanner: fill(230) })
  expect([fillIn.table, fillIn.routes]).toEqual(['clients', ['index']])
  const progress: number[] = []
  const result = await fillIn.run({ onProgress: ({ rows }) => progress.push(rows) })
  expect(result).toMatchObject({ rows: 230, complete: true, size: 230, deadLetters: 0, secondsLeft: 0 })
  expect(progress.at(-1)).toBe(230)
  expect(Object.keys(index.living()).length).toBe(230)
  expect(events.every(({ backfill, by }) => backfill === true && by === 'user')).toBe(true)
  expect(events.every(({ at }) => at.getTime() >= before - 300_001 && at.getTime() < before)).toBe(true)
})

test('a row that fails is a dead letter, and the others go on', async () => {
  const poison = reactor('picky').on(
    'pick',
    saved,
    handler({ effect: 'idempotent' }, ({ after }: Saved) => {
      if (after.n === 3) throw new Permanent('not this one')
    }),
  )
  const { deadLetters, ...others } = ports()
  const scanner = fill(20)
  scanner.put('clients', { id: 'odd' }, { id: 'odd', n: 'many' })
  const result = await backfill({ reactor: poison, scanner, deadLetters, ...others }).run()
  expect(result).toMatchObject({ rows: 21, complete: true, deadLetters: 2 })
  const reasons: string[] = []
  for await (const { reason, stream } of deadLetters.list('app')) reasons.push(`${reason} ${stream}`)
  expect(reasons.sort()).toEqual(['permanent backfill/picky/clients', 'schema backfill/picky/clients'])
})

test('an outage is waited for, and nothing is lost or given up', async () => {
  const index = memoryIndex()
  let down = 3
  const flaky = reactor('flaky').on(
    'index',
    saved,
    handler({ effect: 'idempotent' }, (event: Saved) => {
      if (event.after.n === 5 && down-- > 0) throw new Unavailable('index', 'it is down')
      return index.write(event, event.after.n)
    }),
  )
  let refused = 2
  const rows = fill(10)
  const scanner: TableScanner = {
    ...rows,
    page: async (...asked) => {
      if (refused-- > 0) throw new Unavailable('dynamodb', 'throttled')
      return rows.page(...asked)
    },
  }
  // Waits are over at once.
  const clock: Clock = { ...systemClock, sleep: (_, signal) => systemClock.sleep(1, signal) }
  const fast: Clock = { ...clock, sleep: (ms, signal) => systemClock.sleep(ms >= 60_000 ? ms : 1, signal) }
  expect(await backfill({ reactor: flaky, scanner, clock: fast }).run()).toMatchObject({
    complete: true,
    deadLetters: 0,
  })
  expect(Object.keys(index.living()).length).toBe(10)
})

test('a sink that is slower than the table holds up the reading: no page before the rows of the last are done, and no row is lost', async () => {
  const index = memoryIndex()
  let [read, done] = [0, 0]
  const slow = reactor('slow').on(
    'index',
    saved,
    handler({ effect: 'idempotent' }, async (event: Saved) => {
      for (let turn = 0; turn < 1 + (event.after.n % 5); turn += 1) await new Promise(setImmediate)
      done += 1
      return index.write(event, event.after.n)
    }),
  )
  const ahead: number[] = []
  const rows = paged(fill(400), 40)
  const scanner: TableScanner = {
    ...rows,
    page: async (...asked) => {
      ahead.push(read - done)
      const page = await rows.page(...asked)
      read += page.items.length
      return page
    },
  }
  const result = await backfill({ reactor: slow, scanner, segments: 1 }).run()
  expect(result).toMatchObject({ rows: 400, complete: true, deadLetters: 0 })
  expect(Object.keys(index.living()).length).toBe(400)
  expect([ahead.length > 9, new Set(ahead)]).toEqual([true, new Set([0])])
})

test('what is asked for in vain is refused, with every problem', () => {
  const scanner = fill(0)
  const make = (options: Partial<BackfillOptions>) => () =>
    backfill({ reactor: indexing(memoryIndex()), scanner, ...options })
  expect(make({ routes: ['indx'] })).toThrow(/'indx' is no route of 'indexing'.*did you mean 'index'/)
  expect(make({ routes: ['unindex'] })).toThrow(/'unindex' is no route/)
  expect(make({ table: 'orders' })).toThrow(
    /no route of 'indexing' is on a 'saved' event of the table 'orders'/,
  )
  const loud = reactor('loud').on('tell', saved, () => {})
  expect(make({ reactor: loud })).toThrow(/not idempotent.*names of those that shall/)
  expect(backfill({ reactor: loud, scanner, routes: ['tell'] }).routes).toEqual(['tell'])
  expect(make({ segmnts: 3 } as object)).toThrow(/'segmnts' is no option: expected 'segments'/)
  expect(make({ segments: 0, unitsPerSecond: 0 })).toThrow(/2 problem/)
})

test('a run keeps what it was begun for; anew, it begins from the start', async () => {
  const others = ports()
  const index = memoryIndex()
  let told = 0
  const make = (options: Partial<BackfillOptions>) =>
    backfill({
      reactor: indexing(index, () => {
        told += 1
      }),
      scanner: fill(10),
      run: 'r',
      ...others,
      ...options,
    })
  await make({ segments: 2 }).run()
  expect(await make({ segments: 7 }).run()).toMatchObject({ rows: 10, pages: 0, complete: true })
  expect(told).toBe(10)
  await expect(make({ routes: ['index', 'tell'] }).run()).rejects.toMatchObject({ code: 'backfill-other' })
  await make({}).run({ anew: true })
  expect(told).toBe(20)
})

/** A backfill of eight rows, four a page, of which one fails; it is killed once the rest of its page is done and has been waited for. */
async function killedInMidPage() {
  const clock = virtualClock(0)
  const scanner = fill(8)
  const index = memoryIndex()
  let isDown = true
  const flaky = reactor('flaky', { retry: { attempts: 1_000, max: '1m' } }).on(
    'index',
    saved,
    handler({ effect: 'idempotent' }, (event: Saved) => {
      if (isDown && event.after.n === 0) throw new Error('not yet')
      return index.write(event, event.after.n)
    }),
  )
  const others = { ...ports(), state: memoryState({ clock }) }
  let isDead = false
  // What a dead process writes never arrives.
  const state = {
    ...others.state,
    set: (...asked: Parameters<typeof others.state.set>) =>
      isDead ? new Promise<never>(() => {}) : others.state.set(...asked),
  }
  const made = { reactor: flaky, scanner: paged(scanner, 4), segments: 1, clock, ...others }
  void backfill({ ...made, state }).run()
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve))
  while (Object.keys(index.living()).length < 3) await turn()
  // Twenty minutes: the rows are handed over anew after ten.
  await clock.moveTo(1_200_000, turn)
  isDead = true
  isDown = false
  return { ...made, scanner, index, made, deadLetters: others.deadLetters }
}

test('killed in the midst of a page: of other rows that its next reading shows none is left out', async () => {
  const { scanner, index, made } = await killedInMidPage()
  // One row of the page goes, so that the first one of the next page takes its place.
  scanner.remove('clients', { id: 'c1' })
  expect(await backfill(made).run()).toMatchObject({ complete: true, deadLetters: 0 })
  const left = Object.keys(index.living()).sort()
  expect(left).toEqual(['c0', 'c1', 'c2', 'c3', 'c4', 'c5', 'c6', 'c7'])
})

test.each(['a run that was killed', 'a run that was completed'])(
  'anew, after %s and had waited for an outage: every row is handed over',
  async (end) => {
    const { made, index } = await killedInMidPage()
    if (end === 'a run that was completed') await backfill(made).run()
    index.forget()
    expect(await backfill(made).run({ anew: true })).toMatchObject({ complete: true, rows: 8 })
    expect(Object.keys(index.living()).length).toBe(8)
  },
)

test('a run that is ended in order again and again in one page is held against no row', async () => {
  const index = memoryIndex()
  let isDown = true
  let asked = Promise.withResolvers<void>()
  const flaky = reactor('flaky').on(
    'index',
    saved,
    handler({ effect: 'idempotent' }, (event: Saved) => {
      asked.resolve()
      if (isDown) throw new Unavailable('index', 'it is down')
      return index.write(event, event.after.n)
    }),
  )
  const others = ports()
  const make = () => backfill({ reactor: flaky, scanner: fill(8), segments: 1, ...others })
  for (let turn = 0; turn < 12; turn += 1) {
    const stop = new AbortController()
    asked = Promise.withResolvers()
    const run = make().run({ signal: stop.signal })
    await asked.promise
    stop.abort(new Error('SIGINT'))
    expect((await run).complete).toBe(false)
  }
  isDown = false
  expect(await make().run()).toMatchObject({ complete: true, deadLetters: 0 })
  expect(Object.keys(index.living()).length).toBe(8)
})

test('a row that was found has no older image: who asks is told so, and the row is handled', async () => {
  const seen: unknown[] = []
  const looking = reactor('looking').on(
    'look',
    saved,
    handler({ effect: 'idempotent' }, (event: Saved & { readonly before: unknown }) => {
      seen.push(event.before, JSON.parse(JSON.stringify(event)).before)
    }),
  )
  expect(await backfill({ reactor: looking, scanner: fill(1) }).run()).toMatchObject({ deadLetters: 0 })
  expect(seen).toEqual([undefined, undefined])
})

test("rows are dated by the store's clock: a machine that is ahead does not make them newer than live changes", async () => {
  const ahead = 400_000
  const dates: number[] = []
  const { state, ...others } = ports()
  const clock: Clock = { ...systemClock, now: () => systemClock.now() + ahead }
  await backfill({
    reactor: indexing(memoryIndex(), ({ at }) => dates.push(at.getTime())),
    scanner: fill(1),
    clock,
    state: { ...state, clockOffset: () => -ahead },
    ...others,
  }).run()
  expect(dates.length).toBe(1)
  expect(dates.every((date) => date < systemClock.now())).toBe(true)
})

test('two processes with one run: one of them is refused, and nothing is lost', async () => {
  const others = ports()
  const index = memoryIndex()
  const make = () => backfill({ reactor: indexing(index), scanner: paged(fill(40), 3), ...others }).run()
  const ends = await Promise.allSettled([make(), make()])
  const refused = ends.filter((end) => end.status === 'rejected')
  for (const end of refused) expect(end.reason).toMatchObject({ code: 'backfill-taken' })
  await make()
  expect(Object.keys(index.living()).length).toBe(40)
})

test('property: whatever is put and removed between its pages, and wherever it is killed, the index equals the table', async () => {
  const step = fc.record({
    kind: fc.constantFrom('put', 'put', 'remove', 'deliver', 'wait', 'kill', 'lose'),
    id: fc.nat(9),
    wait: fc.integer({ min: 1, max: 600_000 }),
  })
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 60 }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 4 }),
      async (steps, segments, limit) => {
        let now = 1_800_000_000_000
        const clock: Clock = { ...systemClock, now: () => now }
        const others = ports()
        const tables = createTables(() => now)
        const rows = memoryEntities()
        const index = memoryIndex()
        const reactor = indexing(index)
        const quiet = { ...reactor, routes: reactor.routes.filter(({ id }) => id.endsWith('index')) }
        const live = createEngine({ application: 'live', reactors: [quiet], clock, ...ports() })
        const delivery = await live.open({ stream: 's', shard: '0', redelivers: 'none' })
        const stream: Uint8Array[] = []
        let sequence = 0
        let kills = 0
        let repeated = 0
        const script = [...steps]

        /** What live traffic does between two pages. */
        async function between(): Promise<'kill' | 'lose' | undefined> {
          for (let next = script.shift(); next !== undefined; next = script.shift()) {
            const id = `c${next.id}`
            if (next.kind === 'kill' || next.kind === 'lose') return next.kind
            if (next.kind === 'put') {
              const item = { id, n: now + sequence }
              const record = tables.put(Client.spec, item)
              rows.put('clients', { id }, item)
              if (record !== undefined) stream.push(record.data)
            }
            if (next.kind === 'remove') {
              const record = tables.remove(Client.spec, { id }, 'user')
              rows.remove('clients', { id })
              if (record !== undefined) stream.push(record.data)
            }
            if (next.kind === 'deliver') await deliver(1)
            if (next.kind === 'wait') {
              now += next.wait
              return undefined
            }
          }
          return undefined
        }

        async function deliver(count: number): Promise<void> {
          for (const data of stream.splice(0, count)) {
            sequence += 1
            await delivery.push([
              {
                sequence: String(sequence),
                subSequence: 0,
                partitionKey: 'k',
                data,
                arrivedAt: new Date(now),
              },
            ])
          }
          await delivery.quiet()
        }

        await between()
        const handled = new Map<string, number>()
        for (let complete = false; !complete; ) {
          const stop = new AbortController()
          const scanner: TableScanner = {
            ...rows,
            page: async (table, options) => {
              const page = await rows.page(table, { ...options, limit })
              const place = `${options.segment} ${options.cursor}`
              repeated += handled.has(place) ? 1 : 0
              handled.set(place, 1)
              // The page is read, and what comes now it does not show.
              const end = await between()
              if (end === 'kill') {
                kills += 1
                stop.abort(new Error('killed'))
              }
              return page
            },
          }
          const state: typeof others.state = {
            ...others.state,
            set: async (key, ...rest) => {
              const answer = await others.state.set(key, ...rest)
              if (key.includes('/backfill/') && script[0]?.kind === 'lose') {
                script.shift()
                kills += 1
                throw new Error('the answer was lost')
              }
              return answer
            },
          }
          const run = createBackfill({
            application: 'app',
            reactor,
            scanner,
            clock,
            segments,
            ...others,
            state,
          }).run({ signal: stop.signal })
          complete = await run.then(
            (result) => result.complete,
            () => false,
          )
        }
        await deliver(Number.POSITIVE_INFINITY)
        delivery.revoke('over')
        const all: Record<string, number> = {}
        for (let segment = 0; segment < 1; segment += 1) {
          const { items } = await rows.page('clients', { segment: 0, segments: 1, limit: 1_000 })
          for (const { id, n } of items as { id: { S: string }; n: { N: string } }[]) all[id.S] = Number(n.N)
        }
        expect(index.living()).toEqual(all)
        // A page of each segment that was under way.
        expect(repeated).toBeLessThanOrEqual(kills * segments)
      },
    ),
    { numRuns: 150 },
  )
}, 60_000)
