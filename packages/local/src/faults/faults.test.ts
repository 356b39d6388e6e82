import { describe, expect, it } from 'vitest'
import { faultSource, seededRandom, shuffled } from './index.ts'

describe('the switches', () => {
  it.each([
    ['duplicate', (f: ReturnType<typeof faultSource>['faults']) => f.duplicate(1.1)],
    [
      'throttle',
      (f: ReturnType<typeof faultSource>['faults']) => f.throttle({ kinesis: -1, dynamodb: Number.NaN }),
    ],
    ['reorder', (f: ReturnType<typeof faultSource>['faults']) => f.reorder(0.5)],
    ['delay', (f: ReturnType<typeof faultSource>['faults']) => f.delay(-1)],
  ])('%s refuses what is no share or length, and stays as it was', (_, turn) => {
    const source = faultSource(1)
    const before = source.state()
    expect(() => turn(source.faults)).toThrow(expect.objectContaining({ code: 'configuration' }))
    expect(source.state()).toEqual(before)
  })

  it('clear turns all of them off', () => {
    const source = faultSource(1)
    const off = source.state()
    source.faults.duplicate(1)
    source.faults.throttle({ kinesis: 1 })
    source.faults.limits({ kinesis: true })
    expect(source.state().limits).toEqual({ kinesis: true })
    expect(source.strikes(source.state().throttle.kinesis)).toBe(true)
    source.faults.clear()
    expect(source.state()).toEqual(off)
  })
})

describe('the seeded random', () => {
  it('repeats itself, spreads over [0, 1) and strikes about its share', () => {
    const draw = (seed: number) => Array.from({ length: 1_000 }, seededRandom(seed))
    expect(draw(5)).toEqual(draw(5))
    expect(draw(5)).not.toEqual(draw(6))
    expect(draw(5).every((value) => value >= 0 && value < 1)).toBe(true)
    const struck = draw(5).filter((value) => value < 0.3).length
    expect(struck).toBeGreaterThan(250)
    expect(struck).toBeLessThan(350)
  })

  it('shuffles without loss', () => {
    const values = Array.from({ length: 20 }, (_, n) => n)
    const mixed = shuffled(values, seededRandom(1))
    expect(mixed).not.toEqual(values)
    expect([...mixed].sort((a, b) => a - b)).toEqual(values)
  })
})
