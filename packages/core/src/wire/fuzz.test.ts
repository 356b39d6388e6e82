import { expect, test } from 'vitest'
import { fuzzDecode } from '../../test/fuzz/decode.ts'

test('5,000 records, generated and damaged: the same value or the same refusal as JSON.parse and unmarshall', () => {
  const seed = Math.floor(Math.random() * 2 ** 31)
  const { failure, outcomes } = fuzzDecode(seed, (runs) => runs < 5_000)
  const shown = failure && `npm run fuzz -- --seed ${seed + failure.run} --runs 1: ${failure.why}`
  expect(shown).toBeUndefined()
  // Each way that a record can go was gone.
  for (const outcome of [
    'same value',
    'undecodable',
    'unrecognised',
    'unwanted',
    'refused: rounded',
    'refused: deep',
  ])
    expect(outcomes[outcome]).toBeGreaterThan(0)
})
