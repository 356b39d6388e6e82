/** A handler that fails for nearly every key: what is done above the first failure is kept, in a row of a fair size. */

import { ScanCommand } from '@aws-sdk/client-dynamodb'
import { reactor } from '@spaceship/core'
import { expect, test, vi } from 'vitest'
import { podsOnShip, saved } from '../test/pods.ts'

const wait = { timeout: 30_000, interval: 20 }
/** Of 190 retries within an hour one may come at once: here each waits for most of it. */
const random = () => 0.9

test('a long journal is kept packed, and the next owner repeats nothing that is done', async () => {
  await using pods = await podsOnShip()
  let isDown = true
  const done: string[] = []
  const made = () =>
    reactor('note').on(
      'see',
      saved,
      (e) => {
        if (isDown && !e.after.id.startsWith('good')) throw new Error('down')
        done.push(e.after.id)
      },
      { retry: { attempts: 1_000, base: '1h', max: '1h' } },
    )
  const ids = Array.from({ length: 200 }, (_, n) => (n % 20 === 19 ? `good-${n}` : `bad-${n}`))
  await pods.put(...ids)
  const one = pods.pod(made(), { random, drainTimeout: '100ms' })
  const run = one.run()
  await vi.waitFor(() => expect(done.length).toBe(10), wait)
  const row = async () => (await pods.dynamodb.send(new ScanCommand({ TableName: 'app' }))).Items?.[0]
  await vi.waitFor(async () => expect((await row())?.spaceshipJournal?.S).toMatch(/^deflate:/), wait)
  await one.stop()
  await run
  const kept = (await row())?.spaceshipJournal?.S ?? ''
  expect([kept.startsWith('deflate:'), kept.length < 190 * 40]).toEqual([true, true])
  isDown = false
  const two = pods.pod(made(), { random })
  const running = two.run()
  await pods.put('good-last')
  await vi.waitFor(() => expect(done).toContain('good-last'), wait)
  // What failed waits for its next attempt, an hour later.
  expect(done.length).toBe(11)
  await two.stop()
  await running
}, 60_000)
