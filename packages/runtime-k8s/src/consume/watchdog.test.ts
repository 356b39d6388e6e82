import type { Reason } from '@spaceship/core/engine'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Watchdog } from './watchdog.ts'

const BOUND = 60_000

function watched() {
  let now = 0
  const dog = new Watchdog(() => now, BOUND)
  const look = (
    waitsFor?: Reason,
    { progress = 'p', checkpoint = '1' }: { progress?: string; checkpoint?: string } = {},
  ) => dog.look({ checkpoint, journal: progress, waitsFor })
  const read = () => {
    dog.page(0, 0)
    dog.asks(0)
  }
  return {
    dog,
    look,
    read,
    pass: (ms: number) => {
      now += ms
    },
  }
}

const NAMED: readonly Reason[] = [
  'handler',
  'retry',
  'retry-after',
  'unavailable',
  'held',
  'gate',
  'place',
  'halt',
]

test.each(NAMED)('a shard whose lowest record waits for %s is kept however long it waits', (reason) => {
  const { dog, look, pass } = watched()
  dog.page(1, 0)
  for (let hours = 0; hours < 100; hours += 1) {
    pass(3_600_000)
    expect(look(reason)).toBeUndefined()
  }
})

test('a shard that is caught up is kept as long as reads are answered, and not a moment beyond the bound', () => {
  const { look, pass, read } = watched()
  for (let reads = 0; reads < 100; reads += 1) {
    pass(BOUND)
    read()
    expect(look()).toBeUndefined()
  }
  pass(BOUND)
  expect(look()).toBeUndefined()
  pass(1)
  expect(look()).toMatchObject({ why: expect.stringContaining('no read'), charged: false })
})

test('what has no name is waited for until the bound, and progress begins it anew', () => {
  const { look, pass, read } = watched()
  for (let steps = 0; steps < 10; steps += 1) {
    pass(BOUND)
    read()
    expect(look('unnamed', { progress: `p${steps}` })).toBeUndefined()
  }
  pass(BOUND + 1)
  read()
  expect(look('unnamed', { progress: 'p9' })).toMatchObject({ charged: false, forMs: BOUND + 1 })
})

test('a handler that ignores its deadline is charged; one that may keep others out only ends the hold', () => {
  for (const reason of ['overdue', 'blocked'] as const) {
    const { dog, look, pass } = watched()
    dog.page(1, 0)
    expect(look(reason)).toBeUndefined()
    pass(BOUND + 1)
    expect([reason, look(reason)]).toMatchObject([reason, { charged: reason === 'overdue' }])
  }
})

test.each(['overdue', 'blocked'] as const)(
  'what is done above a record that is %s does not keep the lease: the checkpoint alone tells',
  (reason) => {
    const { dog, look, pass } = watched()
    dog.page(1, 0)
    for (let steps = 0; steps < 3; steps += 1) {
      pass(BOUND / 2)
      expect(look(reason, { progress: `p${steps}`, checkpoint: String(steps) })).toBeUndefined()
    }
    for (let steps = 3; steps < 5; steps += 1) {
      pass(BOUND / 2)
      expect(look(reason, { progress: `p${steps}`, checkpoint: '2' })).toBeUndefined()
    }
    pass(1)
    expect(look(reason, { progress: 'p5', checkpoint: '2' })).toMatchObject({ charged: reason === 'overdue' })
  },
)

test('pages that find nothing keep the lease while they come nearer to the newest record, and not where they stay', () => {
  const { dog, look, pass } = watched()
  let behind = 10 * 3_600_000
  for (let reads = 0; reads < 100; reads += 1) {
    pass(BOUND)
    dog.page(0, behind)
    dog.asks(0)
    expect(look()).toBeUndefined()
    behind -= BOUND
  }
  behind += BOUND
  // As far as before: the shard moves on, and its reader does not.
  for (let reads = 0; reads < 2; reads += 1) {
    behind += BOUND / 2
    pass(BOUND / 2)
    dog.page(0, behind + (reads % 2))
    dog.asks(0)
    expect(look()).toBeUndefined()
  }
  behind += 1
  pass(1)
  dog.page(0, behind)
  dog.asks(0)
  expect(look()).toMatchObject({ why: expect.stringContaining('newer records'), forMs: BOUND + 1 })
})

test('a pause that the reader announces is no silence', () => {
  const { dog, look, pass } = watched()
  dog.page(1, 0)
  dog.asks(2 * BOUND)
  pass(3 * BOUND)
  expect(look()).toBeUndefined()
  pass(1)
  expect(look()).toMatchObject({ why: expect.stringContaining('no read'), forMs: BOUND + 1 })
})

test('the end of a shard whose children nobody lists is no reason to keep it', () => {
  const { dog, look, pass } = watched()
  dog.page(1, 0)
  pass(BOUND + 1)
  expect(look('handler')).toBeUndefined()
  expect(look()).toBeUndefined()
  pass(BOUND + 1)
  expect(look()).toMatchObject({ why: expect.stringContaining('does not go on') })
})

test('property: a lease is given up only after a whole bound without progress, reads or a name, and then always', () => {
  const step = fc.record({
    ms: fc.integer({ min: 1, max: BOUND }),
    read: fc.boolean(),
    progress: fc.boolean(),
    named: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const { look, pass, read: answer } = watched()
      let [sinceRead, sinceWell, made] = [0, 0, 0]
      for (const [n, { ms, read, progress, named }] of steps.entries()) {
        pass(ms)
        sinceRead += ms
        if (read) {
          answer()
          sinceRead = 0
        }
        if (progress) made += 1
        sinceWell = progress || named || n === 0 ? 0 : sinceWell + ms
        const found = look(named ? 'handler' : 'unnamed', { progress: `p${made}` })
        if (found === undefined) expect(sinceRead).toBeLessThanOrEqual(BOUND)
        if (found !== undefined) {
          expect(Math.max(sinceRead, sinceWell)).toBeGreaterThan(BOUND)
          return
        }
      }
    }),
  )
})
