import assert from 'node:assert/strict'
import type { DeadLetter, DeadLetters } from '../dead-letters.ts'
import type { Case } from './cases.ts'

/**
 * What every DeadLetters must do. It may hold other letters; the cases use random applications.
 *
 * @example
 * for (const { name, run } of deadLettersCases) test(name, () => run(myDeadLetters))
 */
export const deadLettersCases: readonly Case<DeadLetters>[] = [
  {
    name: 'a letter is read back whole, every byte of it',
    run: async (letters) => {
      const letter = letterOf({ data: Uint8Array.from({ length: 256 }, (_, i) => i) })
      await letters.put(letter)
      assert.deepEqual(await letters.get(letter.id), letter)
      assert.deepEqual(await collect(letters.list(letter.application)), [letter])
    },
  },
  {
    name: 'a letter of a record that reached no route is read back whole',
    run: async (letters) => {
      const letter = letterOf({ reactor: undefined, route: undefined, lane: '', reason: 'undecodable' })
      await letters.put(letter)
      assert.deepEqual(await letters.get(letter.id), letter)
    },
  },
  {
    name: 'a letter that was never put is absent',
    run: async (letters) => {
      const { id, application } = letterOf({})
      assert.equal(await letters.get(id), undefined)
      assert.deepEqual(await collect(letters.list(application)), [])
    },
  },
  {
    name: 'the same letter again changes nothing',
    run: async (letters) => {
      const letter = letterOf({})
      await letters.put(letter)
      await letters.put({ ...letter, attempts: 99 })
      assert.equal((await letters.get(letter.id))?.attempts, letter.attempts)
      assert.equal((await collect(letters.list(letter.application))).length, 1)
    },
  },
  {
    name: 'of many that put one letter at the same time, one stays, whole',
    run: async (letters) => {
      const letter = letterOf({ data: new Uint8Array(800_000).fill(3) })
      await Promise.all([1, 2, 3, 4].map((attempts) => letters.put({ ...letter, attempts })))
      const [kept, ...more] = await collect(letters.list(letter.application))
      assert.deepEqual(more, [])
      assert.deepEqual(kept, { ...letter, attempts: kept?.attempts })
    },
  },
  {
    name: 'an empty record and one of 10 MiB are kept',
    run: async (letters) => {
      for (const size of [0, 10_485_760]) {
        const letter = letterOf({ data: new Uint8Array(size).fill(7) })
        await letters.put(letter)
        const kept = await letters.get(letter.id)
        assert.ok(kept !== undefined && Buffer.compare(kept.data, letter.data) === 0)
        await letters.remove(letter.id)
      }
    },
  },
  {
    name: 'ids of 500 bytes, words of any language and long details fit',
    run: async (letters) => {
      const application = crypto.randomUUID()
      const id = `${application}/${'r'.repeat(64)}/Zoë 🚀 #?%&+"\\..`.padEnd(480, '/0')
      const letter = letterOf({
        application,
        id,
        lane: 'clients/Zoë|\u0000|🚀'.padEnd(2_000, 'x'),
        detail: 'ü'.repeat(1_000),
        partitionKey: 'ß',
      })
      await letters.put(letter)
      assert.deepEqual(await letters.get(id), letter)
      await letters.remove(id)
      assert.equal(await letters.get(id), undefined)
    },
  },
  {
    name: 'a letter that was removed is gone, and removing it again is fine',
    run: async (letters) => {
      const application = crypto.randomUUID()
      const [gone, stays] = [letterOf({ application }), letterOf({ application })]
      await letters.put(gone)
      await letters.put(stays)
      await letters.remove(gone.id)
      await letters.remove(gone.id)
      await letters.remove(letterOf({}).id)
      assert.equal(await letters.get(gone.id), undefined)
      assert.deepEqual(await collect(letters.list(application)), [stays])
    },
  },
  {
    name: 'a letter that was removed can be put again, with what is new about it',
    run: async (letters) => {
      const letter = letterOf({ data: new Uint8Array(800_000).fill(1) })
      await letters.put(letter)
      await letters.remove(letter.id)
      const again = { ...letter, attempts: 1, at: new Date(Date.UTC(2027, 0)) }
      await letters.put(again)
      assert.deepEqual(await letters.get(letter.id), again)
    },
  },
  {
    name: 'removing a letter leaves those whose ids only begin like it',
    run: async (letters) => {
      const application = crypto.randomUUID()
      const short = letterOf({ application, id: `${application}/r/a/s/0/1` })
      const long = letterOf({ application, id: `${short.id}/0` })
      await letters.put(short)
      await letters.put(long)
      await letters.remove(short.id)
      assert.deepEqual(await collect(letters.list(application)), [long])
    },
  },
  {
    name: 'nobody changes a letter through what was handed in or out',
    run: async (letters) => {
      const data = new Uint8Array([1, 2, 3])
      const letter = letterOf({ data })
      await letters.put(letter)
      data.fill(0)
      const read = await letters.get(letter.id)
      read?.data.fill(9)
      assert.deepEqual((await letters.get(letter.id))?.data, new Uint8Array([1, 2, 3]))
    },
  },
  {
    name: 'the letters of one application are listed, each once, and no others',
    run: async (letters) => {
      const application = crypto.randomUUID()
      const ids: string[] = []
      for (let n = 0; n < 30; n += 1) {
        // Many in one millisecond, and one of them twice.
        const letter = letterOf({ application, route: `route-${n % 3}` })
        await letters.put(letter)
        if (n === 7) await letters.put(letter)
        ids.push(letter.id)
      }
      await letters.put(letterOf({ application: `${application}-2` }))
      await letters.put(letterOf({}))
      const listed = await collect(letters.list(application))
      assert.deepEqual(listed.map(({ id }) => id).sort(), ids.sort())
    },
  },
]

/** What DeadLetters must do, too, that say they list the oldest first. */
export const deadLettersOrderCases: readonly Case<DeadLetters>[] = [
  {
    name: 'the letters of one application are listed, oldest first',
    run: async (letters) => {
      const application = crypto.randomUUID()
      const days = [3, 1, 2, ...Array.from({ length: 9 }, (_, day) => day + 4).reverse()]
      for (const day of days)
        await letters.put(letterOf({ application, at: new Date(Date.UTC(2026, 0, day)) }))
      await letters.put(letterOf({ application: `${application}-2` }))
      await letters.put(letterOf({}))
      const listed = await collect(letters.list(application))
      assert.deepEqual(
        listed.map(({ at }) => at.getUTCDate()),
        days.sort((a, b) => a - b),
      )
    },
  },
]

/** A letter, with what matters to a case in it. */
export function letterOf(part: Partial<DeadLetter>): DeadLetter {
  const application = part.application ?? crypto.randomUUID()
  const id = `${application}/r/welcome/clients-cdc/shardId-000000000000/${crypto.randomUUID()}/0`
  return {
    id,
    application,
    reactor: 'r',
    route: 'welcome',
    lane: 'clients/acme',
    reason: 'exhausted',
    detail: 'Error: boom',
    attempts: 5,
    at: new Date(Date.UTC(2026, 10, 24)),
    stream: 'clients-cdc',
    shard: 'shardId-000000000000',
    sequence: '49590338271490256608559692538361571095921575989136588898',
    subSequence: 0,
    partitionKey: 'acme',
    data: new TextEncoder().encode('not json'),
    ...part,
  }
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = []
  for await (const item of items) collected.push(item)
  return collected
}
