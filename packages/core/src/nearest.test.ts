import { expect, test } from 'vitest'
import { nearestName } from './nearest.ts'

test('the name that needs the fewest changes, two neighbours that are swapped being one', () => {
  const known = ['stream', 'start', 'timestamp']
  expect(nearestName('strat', known)).toBe('start')
  expect(nearestName('strem', known)).toBe('stream')
  expect(nearestName('START', known)).toBe('start')
})

test('a name that is far from all, or one of them, has no nearest', () => {
  expect(nearestName('throughput', ['stream', 'start'])).toBeUndefined()
  expect(nearestName('start', ['start'])).toBeUndefined()
  expect(nearestName('start', [])).toBeUndefined()
  expect(nearestName('', ['stream'])).toBeUndefined()
})
