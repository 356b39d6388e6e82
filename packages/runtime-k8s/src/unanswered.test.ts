/** Writes of the lease table without an answer: they may have been done, and a lease has more than one within its life. */

import { reactor } from '@spaceship/core'
import { expect, test, vi } from 'vitest'
import { podsOnShip, saved } from '../test/pods.ts'

const wait = { timeout: 30_000, interval: 20 }

const lease = (input: unknown) => Object(input).Key?.leaseKey?.S

test('two answers in a row that are lost after their writes cost no lease', async () => {
  await using pods = await podsOnShip()
  const seen: string[] = []
  const note = reactor('note').on('see', saved, (e) => void seen.push(e.after.id))
  const pod = pods.pod(note, { leases: { failover: '6s' } })
  const run = pod.run()
  await pods.put('a')
  await vi.waitFor(() => expect(seen).toEqual(['a']), wait)
  const writes = { lost: 0, answered: 0 }
  pods.bent.after = (operation, _, input) => {
    if (operation !== 'UpdateItem' || lease(input) === undefined) return
    if (writes.lost === 2) writes.answered += 1
    else {
      writes.lost += 1
      throw new Error('the connection was reset')
    }
  }
  await vi.waitFor(() => expect(writes.answered).toBeGreaterThan(2), wait)
  expect(pods.lines.filter(({ message }) => message === 'lease lost')).toEqual([])
  await pod.stop()
  await run
}, 60_000)

test('one write that is never answered costs no lease: the next one follows within the life', async () => {
  await using pods = await podsOnShip()
  const seen: string[] = []
  const note = reactor('note').on('see', saved, (e) => void seen.push(e.after.id))
  const pod = pods.pod(note, { leases: { failover: '6s' } })
  const run = pod.run()
  await pods.put('a')
  await vi.waitFor(() => expect(seen).toEqual(['a']), wait)
  let [hung, answered] = [0, 0]
  pods.bent.after = (operation, _, input) => {
    if (operation !== 'UpdateItem' || lease(input) === undefined) return
    hung += 1
    if (hung === 1) return new Promise<void>(() => {})
    answered += 1
  }
  await vi.waitFor(() => expect(answered).toBeGreaterThan(2), wait)
  expect(pods.lines.filter(({ message }) => message === 'lease lost')).toEqual([])
  await pod.stop()
  await run
}, 60_000)
