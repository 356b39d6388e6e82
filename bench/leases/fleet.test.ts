import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import type { FleetBill } from './fleet.ts'

test('the stand-ins of the bench know what a worker asks today, and a fleet has nothing to complain of', () => {
  const script = fileURLToPath(new URL('fleet.ts', import.meta.url))
  const args = ['--conditions=@spaceship/source', script, '6', '2', '1', 'busy']
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  expect([stderr, status]).toEqual(['', 0])
  const { handled, steady }: FleetBill = JSON.parse(stdout)
  // Two records in each read, once a second, of each shard, for a minute; three renewals of each within a failover of 10 s.
  expect(handled).toBe(720)
  expect(steady['onboarding UpdateItem']?.writes).toBe(6 * 18)
})
