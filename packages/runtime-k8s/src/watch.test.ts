/** What a few workers free for all the others. */

import { virtualClock } from '@spaceship/core/memory'
import { expect, test } from 'vitest'
import { memoryLeases } from './leases/memory.ts'
import { Watch } from './watch.ts'

test('what is kept for a worker that does not come is let go, and told once: that counts as no death', async () => {
  const table = memoryLeases()
  await table.create({
    ...{ stream: 'a:s:1', shard: 'shardId-000000000000', checkpoint: 'TRIM_HORIZON' },
    ...{ parents: [], hashRange: undefined },
  })
  const one = async () => {
    const [lease] = (await table.scan()).leases
    if (lease === undefined) throw new Error('there is one')
    return lease
  }
  await table.take(await one(), 'w1')
  await table.ask(await one(), 'gone')
  await table.release(await one())
  let told = 0
  const tell = async () => {
    told += 1
  }
  const notices = { tell, beat: async () => {}, silent: true }
  const settings = { clock: virtualClock(), failover: 10_000, leases: table, me: 'w2', migrate: false }
  const watch = new Watch({ ...settings, process: undefined }, notices)
  const kept = await one()
  // Until its life is over it is none of those.
  await watch.look([kept], [])
  expect([(await one()).wanted, told]).toEqual(['gone', 0])
  for (let looks = 0; looks < 2; looks += 1) await watch.look([kept], [kept])
  const { wanted, ownerSwitches } = await one()
  expect([wanted, ownerSwitches, told]).toEqual([undefined, 0, 1])
})
