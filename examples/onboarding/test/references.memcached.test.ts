/** Where the demo keeps references, with a real Memcached. */

import { expect, test } from 'vitest'
import { MEMCACHED, placeOfReferences } from '../demo/references.ts'
import { referencesAt } from '../src/references.ts'

test('without a Redis the demo starts a Memcached, in which references are kept under their prefix', async () => {
  const place = await placeOfReferences({}, [MEMCACHED])
  expect(place.told).toBe(`a Memcached that the demo has started: ${place.url}`)
  await using references = referencesAt({ url: place.url, prefix: 'one:' })
  await using others = referencesAt({ url: place.url, prefix: 'two:' })
  expect(await references?.store.add('acme', 'arn:1', 60_000)).toBe(true)
  expect(await references?.store.add('acme', 'arn:2', 60_000)).toBe(false)
  expect(await others?.store.get('acme')).toBeUndefined()
  expect((await placeOfReferences({ MEMCACHED_URL: place.url })).told).toBe('the Memcached of MEMCACHED_URL')
  await place[Symbol.asyncDispose]()
  expect(await placeOfReferences({ MEMCACHED_URL: place.url })).toMatchObject({ url: '' })
})
