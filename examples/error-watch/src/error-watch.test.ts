import { event, reactor, Unavailable } from '@spaceship/core'
import { harness } from '@spaceship/core/testing'
import { memorySearch, memorySlack } from '@spaceship/handlers/testing'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { errorWatch } from './error-watch.ts'

const schema = z.object({ id: z.string(), level: z.string(), timestamp: z.string() })
const logged = event('logged', { schema, key: (line) => line.id })

async function office() {
  const [slack, search] = [memorySlack(), memorySearch()]
  const fluentBit = reactor('fluent-bit').on(
    'index',
    logged,
    search.index({ index: 'logs-a', id: (e) => e.payload.id, document: (e) => e.payload }),
  )
  const ship = harness(({ state }) => [errorWatch({ slack, search, state }), fluentBit])
  const log = async (level: string, count: number) => {
    const timestamp = ship.now.toISOString()
    for (let n = 0; n < count; n += 1) await ship.publish(logged, { id: `${level}-${n}`, level, timestamp })
    await ship.advance('5m')
  }
  await ship.advance('1m')
  await log('ERROR', 120)
  return { ship, log, search, texts: () => slack.sent.map(({ text }) => text) }
}

const firing = '120 errors from 00:00 to 00:05 UTC, too many for 5 minutes now'

test('more than 100 errors in five minutes are told once, and so is that it is over', async () => {
  const { ship, log, texts } = await office()
  for (const as of ['redelivery', 'duplicates', 'crash'] as const) await ship.redeliver({ as })
  expect(texts()).toEqual([firing])
  await log('INFO', 3)
  expect(texts()).toEqual([firing, 'It is over, after 5 minutes: 0 errors from 00:05 to 00:10 UTC'])
})

test('neither a search that is down nor silence is a recovery', async () => {
  const { ship, search, texts } = await office()
  const { count } = search
  search.count = () => Promise.reject(new Unavailable('opensearch'))
  await ship.advance('20m')
  search.count = count
  await ship.advance('10m')
  expect(texts()).toEqual([firing])
})
