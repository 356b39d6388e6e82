import assert from 'node:assert/strict'
import type { DeadLetter, DeadLetters } from '../dead-letters.ts'
import type { Case } from './cases.ts'

/** What every DeadLetters must do. It may hold other letters; the cases use random applications. */
export const deadLettersCases: readonly Case<DeadLetters>[] = [
  {
    name: 'a letter is read back whole, every byte of it',
    run: async (letters) => {
      const letter = letterOf({ data: Uint8Array.from({ length: 256 }, (_, i) => i) })
      await letters.put(letter)
      assert.deepEqual(await letters.get(letter.id), letter)
    },
  },
  {
    name: 'a letter that was never put is absent',
    run: async (letters) => assert.equal(await letters.get(letterOf({}).id), undefined),
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
    name: 'a record of 1 MiB and an empty one are kept',
    run: async (letters) => {
      for (const size of [0, 1_048_576]) {
        const letter = letterOf({ data: new Uint8Array(size).fill(7) })
        await letters.put(letter)
        const kept = await letters.get(letter.id)
        assert.ok(kept !== undefined && Buffer.compare(kept.data, letter.data) === 0)
      }
    },
  },
  {
    name: 'the letters of one application are listed, oldest first',
    run: async (letters) => {
      const application = crypto.randomUUID()
      const times = [3, 1, 2].map((n) => new Date(Date.UTC(2026, 0, n)))
      for (const at of times) await letters.put(letterOf({ application, at }))
      await letters.put(letterOf({}))
      const listed = await collect(letters.list(application))
      assert.deepEqual(
        listed.map(({ at }) => at.getUTCDate()),
        [1, 2, 3],
      )
    },
  },
]

function letterOf(part: Partial<DeadLetter>): DeadLetter {
  const application = part.application ?? crypto.randomUUID()
  const id = `${application}/r/welcome/clients-cdc/shardId-000000000000/${crypto.randomUUID()}/0`
  return {
    id,
    application,
    reactor: 'r',
    route: 'welcome',
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
