import { afterEach, expect, test, vi } from 'vitest'

const bytes = Buffer.from('aé☃b')
const prototype = Buffer.prototype as unknown as Record<string, unknown> // its undocumented methods
const had = { latin1Slice: prototype.latin1Slice, utf8Slice: prototype.utf8Slice }

afterEach(() => {
  Object.assign(prototype, had)
  vi.resetModules()
})

test.each(['with', 'without'])('texts are the same %s the undocumented methods of Buffer', async (kind) => {
  if (kind === 'without') for (const name of Object.keys(had)) prototype[name] = undefined
  vi.resetModules()
  const { latin1, utf8 } = await import('./slices.ts')
  Object.assign(prototype, had)
  expect(utf8(bytes, 1, 6)).toBe('é☃')
  expect(latin1(bytes, 0, 3)).toBe('a\u00c3\u00a9')
})
