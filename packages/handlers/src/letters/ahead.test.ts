import { expect, test } from 'vitest'
import { readAhead } from './ahead.ts'

const MIB = 1024 * 1024

/** Names from 0 on, and how many of them were asked for. */
function counted(count: number) {
  const seen = { names: 0, reads: 0 }
  async function* names() {
    for (let n = 0; n < count; n += 1) {
      seen.names += 1
      yield n
    }
  }
  return { seen, names }
}

test('what is read comes in the order of its names, whichever read is first', async () => {
  const { names } = counted(20)
  const answers: (() => void)[] = []
  const read = (n: number) => new Promise<number>((resolve) => answers.push(() => resolve(n)))
  const got: number[] = []
  const listing = (async () => {
    for await (const n of readAhead(names(), { read, bytesOf: () => 1 })) got.push(n)
  })()
  while (got.length < 20) {
    await Promise.resolve()
    answers.pop()?.()
  }
  await listing
  expect(got).toEqual(Array.from({ length: 20 }, (_, n) => n))
})

test.each([
  ['small things', 1, 8],
  ['of 3 MiB each', 3 * MIB, 5],
  ['of 10 MiB each', 10 * MIB, 1],
  ['each larger than all that may be held', 20 * MIB, 1],
])('%s: of those that nobody has asked for, %i bytes each, at most %i are read', async (_, bytes, most) => {
  const { seen, names } = counted(100)
  const read = async (n: number) => {
    seen.reads += 1
    return n
  }
  const all = readAhead(names(), { read, bytesOf: () => bytes })
  expect(seen).toEqual({ names: 0, reads: 0 })
  let taken = 0
  let ahead = 0
  for await (const _n of all) {
    taken += 1
    ahead = Math.max(ahead, seen.reads - taken)
  }
  expect([taken, ahead]).toEqual([100, most - 1])
})

test('a read that fails is told in its turn, and one that nobody comes to is told to nobody', async () => {
  const read = async (n: number) => {
    if (n === 2 || n === 5) throw new Error(`no ${n}`)
    return n
  }
  const got: number[] = []
  const all = async () => {
    for await (const n of readAhead(counted(10).names(), { read, bytesOf: () => 1 })) got.push(n)
  }
  await expect(all()).rejects.toThrow('no 2')
  expect(got).toEqual([0, 1])
})
