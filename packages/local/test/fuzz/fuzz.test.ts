import { expect, test } from 'vitest'
import { fuzzLocal } from './run.ts'

test('no odd call ends the spaceship, stops it, or makes it fail', async () => {
  const { runs, statuses, findings } = await fuzzLocal(1, 2_000)
  expect(findings).toEqual([])
  expect(runs).toBe(2_000)
  // Each endpoint has also taken calls, so what is damaged is mostly in reach of the code behind the first refusal.
  for (const endpoint of ['dynamodb', 'kinesis', 'search', 'slack', 'scheduler'])
    expect(statuses[`${endpoint} 200`]).toBeGreaterThan(10)
})
