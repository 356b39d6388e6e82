/** Scenario A37: schedules. Ticks come late, twice, from several producers, or not at all. */

import { expect, test } from 'vitest'
import { engineOf as engineAt, idle, record, saved, worker } from '../../test/bench.ts'
import { cron } from '../cron.ts'
import type { EveryOptions } from '../declare/index.ts'
import { createRedrive, tickEnvelope } from '../engine.ts'
import { reactor, type Tick } from '../index.ts'
import { memoryEvents, memoryState, virtualClock } from '../memory/index.ts'
import { harness } from '../testing/index.ts'

const at = (time: string) => `2026-01-01T${time}Z`
const engineOf: typeof engineAt = (reactors, options = {}) =>
  engineAt(reactors, { clock: virtualClock(new Date(at('10:25:00'))), ...options })
const tick = (sequence: number, scheduled: string) =>
  record(sequence, tickEnvelope({ application: 'app', route: 'watch/count', scheduled: at(scheduled) }))
const text = ({ from, to }: Tick) => `${from.toISOString().slice(11, 16)}-${to.toISOString().slice(11, 16)}`

async function watch(schedule: EveryOptions, ticks: readonly string[]) {
  const seen: string[] = []
  const app = reactor('watch').every('count', { each: '5m', ...schedule }, (e) => void seen.push(text(e)))
  const { engine } = engineOf(app)
  const delivery = await engine.open(worker)
  await delivery.push(ticks.map((scheduled, i) => tick(i + 1, scheduled)))
  await delivery.quiet()
  expect(delivery.watermark?.sequence).toBe(String(ticks.length))
  return seen
}

test('A37: a window follows from the time that was scheduled, and each is handled once', async () => {
  expect(await watch({}, ['10:05:00', '10:05:00', '10:05:03', '10:10:00', '10:05:00'])).toEqual([
    '10:00-10:05',
    '10:05-10:10',
  ])
  expect(await watch({ delay: '30s' }, ['10:05:00', '10:05:30'])).toEqual(['09:55-10:00', '10:00-10:05'])
})

test('A37: after a pause the latest window is handled, or all that were missed', async () => {
  expect(await watch({}, ['10:05:00', '10:20:00'])).toEqual(['10:00-10:05', '10:15-10:20'])
  expect(await watch({ catchUp: 'all' }, ['10:05:00', '10:20:00'])).toEqual([
    '10:00-10:05',
    '10:05-10:10',
    '10:10-10:15',
    '10:15-10:20',
  ])
})

test('A37: another process, and a tick of each pod, change nothing', async () => {
  const seen: string[] = []
  const app = () => reactor('watch').every('count', { each: '5m' }, (e) => void seen.push(text(e)))
  const first = engineOf(app())
  for (const owner of [first, engineOf(app(), { state: first.state })]) {
    const delivery = await owner.engine.open(worker)
    await delivery.push([tick(1, '10:05:00'), tick(2, '10:05:01')])
    await delivery.quiet()
  }
  expect(seen).toEqual(['10:00-10:05'])
})

test('a window that fails becomes a dead letter; the schedule goes on, and a redrive is about the same window', async () => {
  const seen: string[] = []
  let down = true
  const app = reactor('watch', { retry: { attempts: 2, base: '1s' } }).every('count', { each: '5m' }, (e) => {
    if (down) throw new Error('no')
    seen.push(text(e))
  })
  const { engine, deadLetters, clock } = engineOf(app)
  const delivery = await engine.open(worker)
  await delivery.push([tick(1, '10:05:00')])
  await idle()
  await clock.moveTo(clock.now() + 5_000, idle)
  expect(deadLetters.letters).toMatchObject([{ reason: 'exhausted', attempts: 2 }])
  down = false
  await delivery.push([tick(2, '10:10:00')])
  const sink = memoryEvents()
  await createRedrive({ application: 'app', deadLetters, events: sink, clock }).letters()
  await delivery.push([{ ...record(3, ''), ...sink.records[0] }])
  await delivery.quiet()
  expect(seen).toEqual(['10:05-10:10', '10:00-10:05'])
  expect(deadLetters.letters).toEqual([])
})

test('of several windows that were missed, each that fails is a letter of its own, and no other is lost', async () => {
  const seen: string[] = []
  let broken = ['10:05-10:10', '10:10-10:15']
  const app = () =>
    reactor('watch', { retry: { attempts: 1 } }).every('count', { each: '5m', catchUp: 'all' }, (e) => {
      if (broken.includes(text(e))) throw new Error('no')
      seen.push(text(e))
    })
  const { engine, deadLetters, clock, state } = engineOf(app())
  const delivery = await engine.open(worker)
  await delivery.push([tick(1, '10:05:00'), tick(2, '10:20:00')])
  await delivery.quiet()
  // The process died before it wrote how far it had come: the tick comes again.
  const again = await engineOf(app(), { deadLetters, clock, state }).engine.open(worker)
  await again.push([tick(2, '10:20:00'), tick(3, '10:25:00')])
  await again.quiet()
  expect(seen).toEqual(['10:00-10:05', '10:15-10:20', '10:20-10:25'])
  expect(deadLetters.letters).toHaveLength(2)

  const sink = memoryEvents()
  const redrive = createRedrive({ application: 'app', deadLetters, events: sink, clock })
  await redrive.letters()
  await again.push(sink.records.map((outgoing, i) => ({ ...record(4 + i, ''), ...outgoing })))
  await again.quiet()
  expect(deadLetters.letters, 'they failed again').toHaveLength(2)
  broken = []
  const told: string[] = []
  const first = ({ id }: { readonly id: string }) => id === deadLetters.letters[0]?.id
  expect(await redrive.letters(first, ({ id }) => told.push(id))).toBe(1)
  expect(told).toEqual([deadLetters.letters[0]?.id])
  expect(
    await redrive.letters(
      (letter) => !first(letter),
      ({ id }) => told.push(id),
    ),
  ).toBe(1)
  expect(told).toEqual(deadLetters.letters.map(({ id }) => id))
  await again.push(sink.records.slice(2).map((outgoing, i) => ({ ...record(6 + i, ''), ...outgoing })))
  await again.quiet()
  expect(seen.slice(3)).toEqual(['10:05-10:10', '10:10-10:15'])
  expect(deadLetters.letters).toEqual([])
})

test('a schedule whose lane was parked goes on with what it missed when it is drained', async () => {
  const seen: string[] = []
  let broken = true
  const app = reactor('watch', { retry: { attempts: 1 }, whenExhausted: 'park' }).every(
    'count',
    { each: '5m', catchUp: 'all' },
    (e) => {
      if (broken) throw new Error('no')
      seen.push(text(e))
    },
  )
  const { engine, deadLetters, clock, state } = engineOf(app)
  const delivery = await engine.open(worker)
  await delivery.push([tick(1, '10:05:00'), tick(2, '10:15:00'), tick(3, '10:15:00'), tick(4, '10:20:00')])
  await delivery.quiet()
  expect([seen, deadLetters.letters.length]).toEqual([[], 4])
  broken = false
  const sink = memoryEvents()
  const redrive = createRedrive({ application: 'app', deadLetters, events: sink, clock })
  await redrive.lane(deadLetters.letters[0]?.id ?? '')
  await delivery.push([{ ...record(5, ''), ...sink.records[0] }, tick(6, '10:25:00')])
  await delivery.quiet()
  expect(seen).toEqual(['10:00-10:05', '10:05-10:10', '10:10-10:15', '10:15-10:20', '10:20-10:25'])
  expect([deadLetters.letters, await state.get('app/park/watch/count')]).toEqual([[], undefined])
})

test('a tick that comes long before its time is nobody of ours: it skips no window', async () => {
  expect(await watch({}, ['10:05:00'])).toEqual(['10:00-10:05'])
  expect(await watch({}, ['23:05:00', '10:05:00'])).toEqual(['10:00-10:05'])
  expect(await watch({ catchUp: 'all' }, ['10:05:00', '23:05:00', '10:10:00'])).toEqual([
    '10:00-10:05',
    '10:05-10:10',
  ])
})

test('a schedule that makes no sense is refused, with all its problems', () => {
  const bad = () =>
    reactor('r').every('x', { each: '5' as '5m', delay: '-1s', catchUp: 'some' as 'all' }, () => {})
  expect(bad).toThrow(/3 problem/)
})

test('a tick of a route that is no schedule any more is dropped with a notice, and leaves no letter each time', async () => {
  const app = reactor('watch').on('count', saved, () => {})
  const { engine, deadLetters, logged } = engineOf(app)
  const delivery = await engine.open(worker)
  await delivery.push([tick(1, '10:05:00'), tick(2, '10:10:00')])
  await delivery.quiet()
  expect([deadLetters.letters, delivery.watermark?.sequence]).toEqual([[], '2'])
  const notice = { message: 'a tick of no schedule: delete what puts it', fields: { route: 'watch/count' } }
  expect(logged.filter(({ level }) => level === 'warn')).toMatchObject([notice, notice])
})

test('what a newer release ticks is dropped by an older one, and missed by none: its next tick covers it', async () => {
  const seen: string[] = []
  const older = engineOf(reactor('watch').every('other', { each: '5m' }, () => {}))
  const count = reactor('watch').every(
    'count',
    { each: '5m', catchUp: 'all' },
    (e) => void seen.push(text(e)),
  )
  const newer = engineOf(count, { state: older.state })
  for (const [{ engine }, sequence, scheduled] of [
    [newer, 1, '10:05:00'],
    [older, 2, '10:10:00'],
    [newer, 3, '10:15:00'],
  ] as const) {
    const delivery = await engine.open(worker)
    await delivery.push([tick(sequence, scheduled)])
    await delivery.quiet()
  }
  expect(seen).toEqual(['10:00-10:05', '10:05-10:10', '10:10-10:15'])
})

test('a tick without a time is kept', async () => {
  const { engine, deadLetters } = engineOf(reactor('watch').every('other', { each: '5m' }, () => {}))
  const delivery = await engine.open(worker)
  await delivery.push([
    record(1, { spaceship: 1, kind: 'tick', application: 'app', route: 'watch/other', scheduled: 'soon' }),
  ])
  await delivery.quiet()
  expect(deadLetters.letters.map(({ reason }) => reason)).toEqual(['unrecognised'])
})

test('the harness ticks as time passes, and on demand', async () => {
  const seen: string[] = []
  const ship = harness(() =>
    reactor('watch')
      .every('count', { each: '5m', delay: '30s' }, (e) => void seen.push(text(e)))
      .every('daily', { each: '1d' }, (e) => void seen.push(`day ${e.to.toISOString().slice(0, 10)}`)),
  )
  await ship.advance('12m')
  expect(seen).toEqual(['23:55-00:00', '00:00-00:05', '00:05-00:10'])
  await ship.tick('watch/daily')
  await ship.tick('watch/daily')
  await ship.redeliver()
  expect(seen.slice(3)).toEqual(['day 2026-01-01'])
  await expect(ship.tick('watch/none')).rejects.toThrow(/expected one of watch\/count, watch\/daily/)
})

test('a schedule that was renamed goes on where it stood', async () => {
  const seen: string[] = []
  const before = engineOf(
    reactor('watch').every('count', { each: '5m', catchUp: 'all' }, (e) => void seen.push(text(e))),
  )
  const one = await before.engine.open(worker)
  await one.push([tick(1, '10:05:00')])
  await one.quiet()
  const renamed = reactor('watch').every(
    'errors',
    { each: '5m', catchUp: 'all' },
    (e) => void seen.push(text(e)),
    {
      formerly: ['count'],
    },
  )
  const after = await engineOf(renamed, { state: before.state }).engine.open(worker)
  const named = tickEnvelope({ application: 'app', route: 'watch/errors', scheduled: at('10:15:00') })
  await after.push([tick(2, '10:05:00'), record(3, named), tick(4, '10:15:00')])
  await after.quiet()
  expect(seen).toEqual(['10:00-10:05', '10:05-10:10', '10:10-10:15'])
})

test('F11: a schedule that was renamed sees what its former name claims', async () => {
  const seen: string[] = []
  const every = { each: '5m' } as const
  const before = engineOf(
    reactor('watch').every('count', every, () => new Promise<void>(() => {}), { effect: 'claim' }),
  )
  const one = await before.engine.open(worker)
  void one.push([tick(1, '10:05:00')])
  await idle()
  const renamed = reactor('watch').every('errors', every, (e) => void seen.push(text(e)), {
    effect: 'claim',
    formerly: ['count'],
  })
  const two = await engineOf(renamed, { state: before.state }).engine.open(worker)
  void two.push([tick(1, '10:05:00')])
  await idle()
  expect(seen).toEqual([])
  for (const delivery of [one, two]) delivery.revoke(new Error('the test is over'))
})

test('F11: a schedule that was renamed waits behind what its former name parked', async () => {
  const every = { each: '5m' } as const
  const before = engineOf(
    reactor('watch', { retry: { attempts: 1 } }).every(
      'count',
      every,
      () => {
        throw new Error('no')
      },
      { whenExhausted: 'park' },
    ),
  )
  const { state, deadLetters } = before
  const one = await before.engine.open(worker)
  await one.push([tick(1, '10:05:00')])
  await one.quiet()
  const seen: string[] = []
  const renamed = reactor('watch').every('errors', every, (e) => void seen.push(text(e)), {
    whenExhausted: 'park',
    formerly: ['count'],
  })
  const two = await engineOf(renamed, { state, deadLetters }).engine.open(worker)
  await two.push([tick(2, '10:10:00')])
  await two.quiet()
  expect([seen, deadLetters.letters.map(({ reason }) => reason)]).toEqual([[], ['exhausted', 'parked']])
})

test('F14: a window has attempts of its own, though its owner died between the end of the one before and the next checkpoint', async () => {
  const clock = virtualClock(new Date(at('10:25:00')))
  const state = memoryState({ clock })
  const tries: string[] = []
  const app = () =>
    reactor('watch', { retry: { attempts: 2, base: '1s', max: '1s' } }).every(
      'count',
      { each: '5m', catchUp: 'all' },
      (e, { attempt }) => {
        tries.push(`${text(e)} ${attempt}`)
        if (attempt === 1 || text(e) === '10:05-10:10') throw new Error('not yet')
      },
    )
  const first = engineOf(app(), { clock, state })
  const one = await first.engine.open(worker)
  await one.push([tick(1, '10:05:00')])
  await first.pass(10_000)
  await one.push([tick(2, '10:15:00')])
  await idle()
  // The checkpoint is taken while the first window of the tick waits for its second attempt.
  const { journal = '' } = one
  expect(tries.splice(0)).toEqual(['10:00-10:05 1', '10:00-10:05 2', '10:05-10:10 1'])
  one.revoke(new Error('died'))
  await state.set(
    'app/tick/watch/count',
    { to: Date.parse(at('10:10:00')) },
    { expect: (await state.get('app/tick/watch/count'))?.version },
  )
  const second = engineOf(app(), { clock, state })
  const two = await second.engine.open(worker, { journal, after: { sequence: '1', subSequence: 0 } })
  await two.push([tick(2, '10:15:00')])
  await second.pass(10_000)
  expect(tries).toEqual(['10:10-10:15 1', '10:10-10:15 2'])
})

test('a window that becomes a dead letter does not keep those behind it waiting for the next tick', async () => {
  const seen: string[] = []
  const app = reactor('watch', { retry: { attempts: 1 } }).every(
    'count',
    { each: '5m', catchUp: 'all' },
    (e) => {
      seen.push(text(e))
      if (text(e) === '10:05-10:10') throw new Error('no')
    },
  )
  const { engine, deadLetters } = engineOf(app)
  const delivery = await engine.open(worker)
  await delivery.push([tick(1, '10:05:00'), tick(2, '10:20:00')])
  await delivery.quiet()
  expect(seen).toEqual(['10:00-10:05', '10:05-10:10', '10:10-10:15', '10:15-10:20'])
  expect([deadLetters.letters.length, delivery.complete]).toEqual([1, true])
})

test('windows overlap as much as they are told to, and touch otherwise', async () => {
  expect(await watch({ overlap: '1m' }, ['10:05:00', '10:10:00'])).toEqual(['09:59-10:05', '10:04-10:10'])
})

test('by a cron a window goes from one time to the next; after a pause the latest, or all that were missed', async () => {
  const run = async (catchUp: 'latest' | 'all') => {
    const seen: string[] = []
    const weekdays = cron('0 9 * * 1-5', { zone: 'Europe/Berlin' })
    const app = reactor('watch').every('count', { cron: weekdays, catchUp }, ({ from, to }) => {
      seen.push(`${from.toISOString().slice(5, 16)} ${to.toISOString().slice(5, 16)}`)
    })
    const { engine } = engineOf(app, { clock: virtualClock(new Date('2026-03-31T12:00:00Z')) })
    const delivery = await engine.open(worker)
    const tickAt = (n: number, scheduled: string) =>
      record(n, tickEnvelope({ application: 'app', route: 'watch/count', scheduled }))
    // A Thursday; then nobody ticks until the Tuesday after the clocks were set on.
    await delivery.push([tickAt(1, '2026-03-26T08:00:00Z'), tickAt(2, '2026-03-26T08:00:30Z')])
    await delivery.push([tickAt(3, '2026-03-31T07:00:00Z')])
    await delivery.quiet()
    return seen
  }
  expect(await run('latest')).toEqual(['03-25T08:00 03-26T08:00', '03-30T07:00 03-31T07:00'])
  expect(await run('all')).toEqual([
    '03-25T08:00 03-26T08:00',
    '03-26T08:00 03-27T08:00',
    '03-27T08:00 03-30T07:00',
    '03-30T07:00 03-31T07:00',
  ])
})

test('a schedule that is changed leaves no gap and shows nothing twice', async () => {
  const state = memoryState()
  const seen: string[] = []
  for (const [each, ticks] of [
    ['5m', ['10:05:00']],
    ['1h', ['11:00:00']],
    ['10m', ['11:00:00', '11:10:00']],
  ] as const) {
    const app = reactor('watch').every('count', { each, catchUp: 'all' }, (e) => void seen.push(text(e)))
    const { engine } = engineOf(app, { state, clock: virtualClock(new Date(at('12:00:00'))) })
    const delivery = await engine.open(worker)
    await delivery.push(ticks.map((scheduled, i) => tick(i + 1, scheduled)))
    await delivery.quiet()
  }
  expect(seen).toEqual(['10:00-10:05', '10:05-11:00', '11:00-11:10'])
})

test('one of each and cron is expected', () => {
  const app = () => reactor('watch')
  expect(() => app().every('count', {} as never, () => {})).toThrow(/'each' is missing: expected a duration/)
  expect(() => app().every('count', { each: '5m', cron: cron('* * * * *') } as never, () => {})).toThrow(
    /expected one of them/,
  )
})
