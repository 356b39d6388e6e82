/** What a fleet asks that starts as a whole: `npm run sim -- --start --workers 100 --shards 200` prints it. */

import { expect, test } from 'vitest'
import { started } from './start.ts'

const WORKERS = 100
const SHARDS = 200

test.each([1, 2])(
  'start of a hundred workers, seed %i',
  async (seed) => {
    const { found, requests } = await started({ seed, workers: WORKERS, shards: SHARDS })
    expect(found.violation).toBeUndefined()
    const { moves, movedAt, operations, shares } = requests
    const of = (operation: string) => operations.get(operation) ?? { total: 0, most: 0 }

    // Everybody has a share, and keeps it.
    expect(shares.size).toBe(WORKERS)
    expect(Math.max(...shares.values())).toBe(SHARDS / WORKERS)
    expect(movedAt).toBeLessThan(30_000)
    // Twenty workers a second come past what an account has of summaries: who comes later takes its share from those who came before.
    expect(moves).toBeLessThanOrEqual(2 * SHARDS)

    // One for each row and each worker, beside those of the checks; some rows are raced for.
    expect(of('PutItem').total).toBeLessThanOrEqual(SHARDS + 4 * WORKERS)
    // Each worker is well once, and SDKs and starts repeat what is throttled.
    expect(of('DescribeStreamSummary').total).toBeLessThanOrEqual(8 * WORKERS)
    expect(of('ListShards').total).toBeLessThanOrEqual(4 * WORKERS)
    expect(of('DeleteItem').total).toBeLessThanOrEqual(2 * WORKERS)
    expect(of('GetShardIterator').total).toBeLessThanOrEqual(WORKERS + 2 * moves)
    // Once a second, of those that look for dead workers.
    expect(requests.mostOfOneMember('Scan')).toBeLessThanOrEqual(60)
    expect(requests.mostOfOneMember('ListShards', 'DescribeStreamSummary')).toBeLessThanOrEqual(40)

    // No second in which each worker asks more than a few times.
    expect(of('Scan').most).toBeLessThanOrEqual(3 * WORKERS)
    expect(of('ListShards').most).toBeLessThanOrEqual(WORKERS)
    for (const [operation, { most }] of operations)
      expect([operation, most > 6 * WORKERS]).toEqual([operation, false])
  },
  60_000,
)
