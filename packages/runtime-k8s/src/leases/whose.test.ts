import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { itemOf, type Lease, leaseOf } from './lease.ts'
import { foreignLeases, isTakeable, layoutOf } from './whose.ts'

function lease(application: string | undefined, checkpoint = 'TRIM_HORIZON'): Lease {
  const about = { stream: 'a:s:1', shard: 'shardId-000000000000', parents: [], hashRange: undefined }
  const { application: mark, ...item } = itemOf({ ...about, checkpoint }, application ?? '')
  const made = leaseOf(
    application === undefined || mark === undefined ? item : { ...item, application: mark },
  )
  if (made === undefined) throw new Error('an item of ours is a lease')
  return made
}

const ours = { application: 'one', migrate: false, layout: undefined, streams: ['s'] }

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

test("the layout is that of the table's rows; a new table has that which is asked for", () => {
  const single = rowsOf('2.7.2/07-split-children-running.json')
  expect(layoutOf(single, undefined)).toBe('single-stream')
  expect(layoutOf([lease('one')], 'single-stream')).toBe('multi-stream')
  expect([layoutOf([], undefined), layoutOf([], 'single-stream')]).toEqual(['multi-stream', 'single-stream'])
})

test('rows of single-stream mode are shared by a worker of one stream, and by none of another layout', () => {
  const single = rowsOf('2.7.2/07-split-children-running.json')
  const sharing = { ...ours, migrate: true }
  expect(foreignLeases(single, sharing)).toEqual([])
  expect(foreignLeases(single, ours)).toEqual([
    expect.stringMatching(/without an application.*migrate: true/),
  ])
  expect(foreignLeases(single, { ...sharing, streams: ['a', 'b'] })).toEqual([
    expect.stringMatching(/'streams' has 2: expected one stream/),
  ])
  expect(foreignLeases(single, { ...sharing, layout: 'multi-stream' })).toEqual([
    expect.stringMatching(
      /'leases\.layout' is 'multi-stream', and the rows of the lease table are single-stream/,
    ),
  ])
  expect(foreignLeases([...single, lease('one')], sharing)).toEqual([
    expect.stringMatching(/rows of both of KCL's modes/),
  ])
})

function rowsOf(file: string): Lease[] {
  const text = readFileSync(new URL(`../../test/fixtures/kcl/${file}`, import.meta.url), 'utf8')
  return JSON.parse(text).app.Items.flatMap((item: Parameters<typeof leaseOf>[0]) => leaseOf(item) ?? [])
}
