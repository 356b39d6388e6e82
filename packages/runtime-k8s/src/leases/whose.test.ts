import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { itemOf, type Lease, leaseOf } from './lease.ts'
import { foreignLeases, isTakeable } from './whose.ts'

function lease(application: string | undefined, checkpoint = 'TRIM_HORIZON'): Lease {
  const about = { stream: 'a:s:1', shard: 'shardId-000000000000', parents: [], hashRange: undefined }
  const { application: mark, ...item } = itemOf({ ...about, checkpoint }, application ?? '')
  const made = leaseOf(
    application === undefined || mark === undefined ? item : { ...item, application: mark },
  )
  if (made === undefined) throw new Error('an item of ours is a lease')
  return made
}

const ours = { application: 'one', migrate: false }

test('rows of ours are taken; rows of another application keep a worker from starting, and are never taken', () => {
  expect(foreignLeases([lease('one')], ours)).toEqual([])
  expect(isTakeable(lease('one'), ours)).toBe(true)
  for (const migrate of [false, true]) {
    expect(foreignLeases([lease('one'), lease('two')], { ...ours, migrate })).toEqual([
      expect.stringMatching(/rows of the application 'two'.*'leases\.table'/),
    ])
    expect(isTakeable(lease('two'), { ...ours, migrate })).toBe(false)
  }
})

test('rows that no application has made are shared only with `migrate`', () => {
  expect(foreignLeases([lease(undefined)], ours)).toEqual([
    expect.stringMatching(/1 row\(s\) without an application.*'leases: \{ migrate: true \}'/),
  ])
  expect(isTakeable(lease(undefined), ours)).toBe(false)
  expect(foreignLeases([lease(undefined)], { ...ours, migrate: true })).toEqual([])
  expect(isTakeable(lease(undefined), { ...ours, migrate: true })).toBe(true)
})

test('ended shards of a KCL fleet stand in the way of nobody', () => {
  expect(foreignLeases([lease(undefined, 'SHARD_END')], ours)).toEqual([])
})

test('a table in single-stream mode is refused, with `migrate` too', () => {
  const file = new URL('../../test/fixtures/kcl/2.7.2-split-children-running.json', import.meta.url)
  const leases = JSON.parse(readFileSync(file, 'utf8')).app.Items.flatMap(
    (item: Parameters<typeof leaseOf>[0]) => leaseOf(item) ?? [],
  )
  expect(leases.length).toBeGreaterThan(0)
  for (const migrate of [false, true])
    expect(foreignLeases(leases, { ...ours, migrate })).toEqual([
      expect.stringMatching(/single-stream mode.*'leases\.table'/),
    ])
})
