/** A shard that cannot be opened is no shard that is read: its lease is left to others, and told. */

import { reactor } from '@spaceship/core'
import { memoryDeadLetters, memoryState } from '@spaceship/core/memory'
import type { StateStore } from '@spaceship/core/ports'
import { expect, test, vi } from 'vitest'
import { podsOnShip, saved } from '../test/pods.ts'

const wait = { timeout: 20_000, interval: 20 }
const leases = { failover: '1s', maxStandstill: '2s' } as const

/** The lanes that are parked are listed as a shard is opened. */
const parks = (seen: string[]) =>
  reactor('parks').on('see', saved, (e) => void seen.push(e.after.id), { whenExhausted: 'park' })

const ids = Array.from({ length: 24 }, (_, n) => `i${n}`)

test('a store that never answers once costs the one shard some lives, and the worker nothing else', async () => {
  await using pods = await podsOnShip(4)
  const store = memoryState()
  let lists = 0
  const state: StateStore = {
    ...store,
    list: (...args) => {
      lists += 1
      return lists === 1
        ? new Promise<never>(() => {})
        : (store.list?.(...args) ?? Promise.resolve({ items: [], cursor: undefined }))
    },
  }
  const seen: string[] = []
  const pod = pods.pod(parks(seen), { leases, state })
  const run = pod.run()
  await pods.put(...ids)
  await vi.waitFor(() => expect(new Set(seen).size).toBe(ids.length), wait)
  expect(pods.lines.filter(({ message }) => message === 'lease lost')).toEqual([])
  await pod.stop()
  await run
}, 60_000)

test('what one worker cannot open another one reads', async () => {
  await using pods = await podsOnShip(2)
  const [state, deadLetters] = [memoryState(), memoryDeadLetters()]
  const denied: StateStore = { ...state, list: () => Promise.reject(new Error('denied')) }
  const seen = { one: [] as string[], two: [] as string[] }
  const one = pods.pod(parks(seen.one), { workerId: 'one', leases, state: denied, deadLetters })
  const runOne = one.run()
  const failed = /^opening shards fails/
  await vi.waitFor(() => expect(pods.lines.some(({ message }) => failed.test(message))).toBe(true), wait)
  const two = pods.pod(parks(seen.two), { workerId: 'two', leases, state, deadLetters })
  const runTwo = two.run()
  await pods.put(...ids)
  await vi.waitFor(() => expect(new Set(seen.two).size).toBe(ids.length), wait)
  expect(seen.one).toEqual([])
  await Promise.all([one.stop(), two.stop()])
  await Promise.all([runOne, runTwo])
}, 60_000)
