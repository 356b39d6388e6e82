import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonical, canonicalItem, canonicalNumber, sizeOf } from './attribute.ts'
import { keyedLocks } from './locks.ts'
import { microClock } from './record.ts'

describe('canonical', () => {
  it('gives numbers of one value one text, with all 38 digits', () => {
    for (const same of ['1.5', '1.50', '+1.5', '15e-1', '0.15E1', '01.5'])
      expect(canonicalNumber(same)).toBe('15e-1')
    expect(canonicalNumber('-0.0')).toBe('0')
    expect(canonicalNumber('100')).toBe(canonicalNumber('1e2'))
    const long = '12345678901234567890123456789012345678'
    expect(canonicalNumber(long)).not.toBe(canonicalNumber(`${long.slice(0, -1)}9`))
  })

  it('agrees with arithmetic', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (n) => {
        expect(Number(canonicalNumber(String(n)))).toBe(n === 0 ? 0 : n)
      }),
    )
  })

  it('ignores the order of sets and of attributes, but not of lists', () => {
    expect(canonical({ SS: ['b', 'a'] })).toBe(canonical({ SS: ['a', 'b'] }))
    expect(canonicalItem({ a: { S: '1' }, b: { S: '2' } })).toBe(
      canonicalItem({ b: { S: '2' }, a: { S: '1' } }),
    )
    expect(canonical({ L: [{ S: 'b' }, { S: 'a' }] })).not.toBe(canonical({ L: [{ S: 'a' }, { S: 'b' }] }))
    expect(canonical({ S: '1' })).not.toBe(canonical({ N: '1' }))
  })
})

describe('sizeOf', () => {
  it.each([
    [undefined, 0],
    [{ id: { S: 'ä' } }, 4],
    [{ n: { N: '-1234.50' } }, 4 + 1],
    [{ b: { B: 'AAAA' } }, 4],
    [{ t: { BOOL: true }, z: { NULL: true } }, 4],
    [{ l: { L: [{ S: 'ab' }] } }, 1 + 3 + 1 + 2],
    [{ m: { M: { k: { S: 'v' } } } }, 1 + 3 + 1 + 2],
    [{ s: { SS: ['a', 'bc'] } }, 4],
  ])('%j has %i bytes', (item, bytes) => {
    expect(sizeOf(item)).toBe(bytes)
  })
})

describe('the clock of changes', () => {
  it('strictly increases although the wall clock stands or runs back', () => {
    const walls = [10, 10, 10, 9, 11]
    const clock = microClock(() => walls.shift() ?? 0)
    expect(Array.from({ length: 5 }, clock)).toEqual([10_000, 10_001, 10_002, 10_003, 11_000])
  })
})

describe('keyedLocks', () => {
  it('never lets two holders of a name run together, and never blocks for ever', async () => {
    const names = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1 })
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.array(names, { maxLength: 10 }), async (scheduler, holders) => {
        const { hold } = keyedLocks()
        const held = new Set<string>()
        const all = holders.map((wanted) =>
          hold(wanted, async () => {
            for (const name of wanted) expect(held.has(name)).toBe(false)
            for (const name of wanted) held.add(name)
            await scheduler.schedule(Promise.resolve())
            for (const name of wanted) held.delete(name)
          }),
        )
        await scheduler.waitFor(Promise.all(all))
        expect(held.size).toBe(0)
      }),
    )
  })

  it('frees the names when the work fails', async () => {
    const { hold } = keyedLocks()
    await expect(hold(['a'], () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(await hold(['a'], async () => 'free')).toBe('free')
  })
})
