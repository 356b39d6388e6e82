import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { createClockOffset } from './clock-offset.ts'

const START = Date.UTC(2026, 0, 1)

/** A server and a process that are `ahead` ms apart; each answer tells the server's time to the second, as HTTP does. */
function pair(ahead: number) {
  let time = START
  let wrong = ahead
  const clock = createClockOffset(() => time - wrong)
  return {
    clock,
    set: (ms: number) => {
      wrong = ms
    },
    /** A request that takes so long to the server, and back. */
    ask: (there: number, back: number) => {
      const asked = time - wrong
      time += there
      const earliest = Math.floor(time / 1_000) * 1_000
      time += back
      clock.told({ asked, answered: time - wrong, earliest, latest: earliest + 1_000 })
    },
    pass: (ms: number) => {
      time += ms
    },
  }
}

const millis = fc.integer({ min: 0, max: 3_000 })
const asks = fc.array(fc.record({ there: millis, back: millis, pause: fc.nat(10_000) }), { minLength: 1 })

test('however long answers take, the offset is wrong by no more than the shortest round trip and the second that is rounded off', () => {
  fc.assert(
    fc.property(fc.integer({ min: -600_000, max: 600_000 }), asks, (ahead, given) => {
      const { clock, ask, pass } = pair(ahead)
      let shortest = Number.POSITIVE_INFINITY
      for (const { there, back, pause } of given) {
        ask(there, back)
        shortest = Math.min(shortest, there + back) + pause * 0.002
        expect(Math.abs(clock.offset() - ahead)).toBeLessThanOrEqual(
          1_001 + shortest + (there + back) * 0.002,
        )
        pass(pause)
      }
    }),
  )
})

test('clocks that agree are left as they are: what is rounded off is no offset', () => {
  fc.assert(
    fc.property(asks, (given) => {
      const { clock, ask, pass } = pair(0)
      for (const { there, back, pause } of given) {
        ask(there, back)
        pass(pause)
        expect(clock.offset()).toBe(0)
      }
    }),
  )
})

test('answers at different parts of a second narrow the offset down', () => {
  const { clock, ask, pass } = pair(300_250)
  for (let n = 0; n < 20; n += 1) {
    ask(5, 5)
    pass(40)
  }
  expect(Math.abs(clock.offset() - 300_250)).toBeLessThanOrEqual(40)
})

test('a clock that is set is known with the next answer', () => {
  const { clock, ask, set, pass } = pair(0)
  ask(5, 5)
  set(-300_000)
  pass(1_000)
  ask(5, 5)
  expect(Math.abs(clock.offset() + 300_000)).toBeLessThanOrEqual(1_010)
  set(0)
  ask(5, 5)
  expect(clock.offset()).toBe(0)
})

test('an answer that tells no time, or was told across a clock that was set back, says nothing', () => {
  const clock = createClockOffset(() => START)
  const late = START + 300_000
  clock.told({ asked: START, answered: START, earliest: Number.NaN, latest: Number.NaN })
  clock.told({ asked: START, answered: START - 60_000, earliest: late, latest: late + 1_000 })
  expect([clock.offset(), clock.now()]).toEqual([0, START])
})
