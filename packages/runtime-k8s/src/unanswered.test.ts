/** Writes of the lease table without an answer: they may have been done, and a lease has more than one within its life. */

import { reactor } from '@spaceship/core'
import { expect, test, vi } from 'vitest'
import { podsOnShip, saved } from '../test/pods.ts'

const wait = { timeout: 30_000, interval: 20 }

test.each<[name: string, unanswered: number, answer: () => Promise<void>]>([
  [
    'two answers in a row that are lost after their writes',
    2,
    () => Promise.reject(new Error('the connection was reset')),
  ],
  ['one write that is never answered', 1, () => new Promise(() => {})],
])(
  '%s: no lease is lost, and the next write follows within the life',
  async (_, unanswered, answer) => {
    await using pods = await podsOnShip()
    const seen: string[] = []
    const note = reactor('note').on('see', saved, (e) => void seen.push(e.after.id))
    const pod = pods.pod(note, { leases: { failover: '6s' } })
    const run = pod.run()
    await pods.put('a')
    await vi.waitFor(() => expect(seen).toEqual(['a']), wait)
    let writes = 0
    pods.bent.after = (operation, _, { Key }) => {
      if (operation !== 'UpdateItem' || Object(Key).leaseKey === undefined) return
      writes += 1
      if (writes <= unanswered) return answer()
    }
    await vi.waitFor(() => expect(writes).toBeGreaterThan(unanswered + 2), wait)
    expect(pods.lines.filter(({ message }) => message === 'lease lost')).toEqual([])
    await pod.stop()
    await run
  },
  60_000,
)
