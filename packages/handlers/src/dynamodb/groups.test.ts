import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createGroups, type Member } from './groups.ts'

interface Named extends Member {
  readonly name: string
}

const LIMIT = 4
const ROOM = 10

/** Groups whose windows end when the test says so, and whose requests are answered when it says so. */
function bench() {
  const sent: (readonly Named[])[] = []
  const ends: (() => void)[] = []
  const answers: (() => void)[] = []
  const join = createGroups<Named, string>({
    limit: LIMIT,
    room: ROOM,
    window: 2,
    sleep: () => new Promise<void>((resolve) => ends.push(resolve)),
    send: (members) => {
      sent.push([...members])
      return new Promise((resolve) => answers.push(() => resolve(members.map(({ name }) => name))))
    },
  })
  const all = async (actions: (() => void)[]) => {
    for (const act of actions.splice(0)) act()
    await settled()
  }
  return { sent, join, endWindows: () => all(ends), answer: () => all(answers) }
}

const settled = () => new Promise((resolve) => setImmediate(resolve))
const member = (name: string, key = name, size = 1): Named => ({ name, key, size })

describe('what travels together', () => {
  test('is what comes before the window is over', async () => {
    const { sent, join, endWindows, answer } = bench()
    const joined = [join(member('a')), join(member('b'))]
    await settled()
    expect(sent).toEqual([])
    await endWindows()
    joined.push(join(member('c')))
    await endWindows()
    expect(sent.map((group) => group.map(({ name }) => name))).toEqual([['a', 'b'], ['c']])
    await answer()
    expect(await Promise.all(joined)).toEqual(['a', 'b', 'c'])
  })

  test('goes when it is full, without waiting for the window', async () => {
    const { sent, join } = bench()
    for (const name of 'abcdefghij') void join(member(name))
    await settled()
    expect(sent.map(({ length }) => length)).toEqual([LIMIT, LIMIT])
  })

  test('the end of a window that was full already sends nothing early', async () => {
    const { sent, join, endWindows } = bench()
    for (const name of 'abcd') void join(member(name))
    const early = endWindows()
    void join(member('e'))
    await early
    expect(sent.map(({ length }) => length)).toEqual([LIMIT])
    await endWindows()
    expect(sent.map(({ length }) => length)).toEqual([LIMIT, 1])
  })

  test('a group waits for no other: many are under way at the same time', async () => {
    const { sent, join, endWindows, answer } = bench()
    const first = join(member('a'))
    await endWindows()
    const second = join(member('b'))
    await endWindows()
    expect(sent.length).toBe(2)
    await answer()
    expect(await Promise.all([first, second])).toEqual(['a', 'b'])
  })

  test('a request that fails fails for each, and for no other group', async () => {
    let requests = 0
    const join = createGroups<Named, string>({
      limit: 2,
      room: ROOM,
      window: 2,
      sleep: () => new Promise(() => {}),
      send: async (members) => {
        requests += 1
        if (requests === 1) throw new Error('lost')
        return members.map(({ name }) => name)
      },
    })
    const ended = await Promise.allSettled([...'abcd'].map((name) => join(member(name))))
    expect(ended.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled', 'fulfilled'])
  })

  test('who gets no answer of their own is told so', async () => {
    const sleep = () => new Promise<void>(() => {})
    const join = createGroups<Named, string>({
      limit: 2,
      room: ROOM,
      window: 2,
      sleep,
      send: async () => ['a'],
    })
    expect(await Promise.all([join(member('a')), join(member('b'))])).toEqual(['a', undefined])
  })
})

test('whatever comes in whatever order: each travels once, never beside its own key, within number and size', async () => {
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ key: fc.constantFrom('k', 'l', 'm', 'n', 'o'), size: fc.nat(12) }) },
    { weight: 1, arbitrary: fc.constantFrom('window', 'answer') },
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const { sent, join, endWindows, answer } = bench()
      const joined: Promise<string | undefined>[] = []
      for (const one of steps) {
        if (one === 'window') await endWindows()
        else if (one === 'answer') await answer()
        else joined.push(join(member(String(joined.length), one.key, one.size)))
      }
      await endWindows()
      await answer()
      const names = joined.map((_, n) => String(n))
      expect(await Promise.all(joined)).toEqual(names)
      // In the order in which they came, too.
      expect(sent.flat().map(({ name }) => name)).toEqual(names)
      for (const group of sent) {
        expect(group.length).toBeLessThanOrEqual(LIMIT)
        expect(new Set(group.map(({ key }) => key)).size).toBe(group.length)
        const size = group.reduce((sum, one) => sum + one.size, 0)
        expect(group.length === 1 || size <= ROOM).toBe(true)
      }
    }),
  )
})
