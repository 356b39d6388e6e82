import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { memoryState } from '../memory/index.ts'
import { mortalState } from '../testing/crash.ts'
import { listedKey, listedPrefix } from './index.ts'

const pieces = fc.constantFrom('/', '/', '//', ':', 'a', 'b', '-', '', 'https://', '🚀', '\n')
const keys = fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join(''))

test('a listed key is a collection, two slashes and a member; an id with a URI in it is none', () => {
  expect(listedKey('app/park/route/07//lane//x')).toEqual({
    collection: 'app/park/route/07',
    member: 'lane//x',
  })
  expect(listedKey('a//')).toEqual({ collection: 'a', member: '' })
  expect(listedKey('a/https://b//c')).toEqual({ collection: 'a/https://b', member: 'c' })
  for (const key of ['', '/', '//', '//a', 'a/b', 'a:/', 'a://', 'app/claim/r/s/https://shop.example#7'])
    expect(listedKey(key)).toBeUndefined()
})

test('property: a key is what its parts make, and all keys that begin with a prefix are in its collection', () => {
  fc.assert(
    fc.property(keys, keys, (prefix, rest) => {
      const listed = listedKey(prefix)
      if (listed === undefined) {
        expect(() => listedPrefix(prefix)).toThrow(expect.objectContaining({ code: 'state-key' }))
        return
      }
      expect(`${listed.collection}//${listed.member}`).toBe(prefix)
      expect(listedKey(prefix + rest)).toEqual({ ...listed, member: listed.member + rest })
    }),
  )
})

test('the store of a process that can die lists until then, if it can list', async () => {
  const life = { alive: true, reached: () => {} }
  const store = memoryState()
  await store.set('a//b', { n: 1 }, { expect: undefined })
  const mortal = mortalState(store, life, 'app')
  expect((await mortal.list?.('a//'))?.items.map(({ key }) => key)).toEqual(['a//b'])
  life.alive = false
  await expect(mortal.list?.('a//')).rejects.toMatchObject({ code: 'crashed' })
  const { list: _, ...without } = store
  expect('list' in mortalState(without, life, 'app')).toBe(false)
})
