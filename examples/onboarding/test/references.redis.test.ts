/** Where the demo keeps references, with a real Redis. */

import { expect, test } from 'vitest'
import { placeOfReferences } from '../demo/references.ts'
import { referencesAt } from '../src/references.ts'

test('the demo starts a Redis, in which references are kept under their prefix, and ends it', async () => {
  const place = await placeOfReferences({})
  expect(place.told).toBe(`a Redis that the demo has started: ${place.url}`)
  await using references = referencesAt({ url: place.url, prefix: 'one:' })
  await using others = referencesAt({ url: place.url, prefix: 'two:' })
  expect(await references?.store.add('acme', 'arn:1', 60_000)).toBe(true)
  expect(await references?.store.add('acme', 'arn:2', 60_000)).toBe(false)
  expect(await references?.store.get('acme')).toBe('arn:1')
  expect(await others?.store.get('acme')).toBeUndefined()
  const given = await placeOfReferences({ REDIS_URL: place.url })
  expect([given.url, given.told]).toEqual([place.url, 'the Redis of REDIS_URL'])
  await place[Symbol.asyncDispose]()
  expect(await placeOfReferences({ REDIS_URL: place.url })).toMatchObject({ url: '' })
})
