/** A worker's id that several processes have, as after a restart, or where a deployment gives one to all of its pods. */

import { ScanCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { reactor } from '@spaceship/core'
import { silent } from '@spaceship/core/ports'
import { expect, test, vi } from 'vitest'
import { type Pods, podsOnShip, saved } from '../test/pods.ts'
import type { Lease } from './leases/index.ts'
import { Namesakes } from './namesakes.ts'

const wait = { timeout: 30_000, interval: 20 }

const noting = (seen: string[]) => reactor('note').on('see', saved, (e) => void seen.push(e.after.id))

/** How many leases each process has. */
async function sharesOf({ dynamodb }: Pods): Promise<readonly number[]> {
  const { Items = [] } = await dynamodb.send(new ScanCommand({ TableName: 'app' }))
  const owned = Items.filter(({ leaseOwner }) => leaseOwner !== undefined)
  return [...Map.groupBy(owned, ({ spaceshipProcess }) => spaceshipProcess?.S).values()].map(
    (rows) => rows.length,
  )
}

test('two processes with one id share the leases, each record is handled by one of them, and it is told', async () => {
  await using pods = await podsOnShip(4)
  const [first, second]: [string[], string[]] = [[], []]
  const one = pods.pod(noting(first), { workerId: 'same' })
  const runs = [one.run()]
  await pods.put('a')
  await vi.waitFor(() => expect(first).toEqual(['a']), wait)
  const two = pods.pod(noting(second), { workerId: 'same' })
  runs.push(two.run())
  await vi.waitFor(async () => expect(await sharesOf(pods)).toEqual([2, 2]), wait)
  // Whoever has lost a lease knows at its next renewal.
  const count = (what: string) => pods.lines.filter(({ message }) => message === what).length
  const held = () => count('lease taken') - count('lease lost') - count('lease given up')
  await vi.waitFor(() => expect(held()).toBe(4), wait)
  // A lease that moves once more meanwhile may have its records handled by both.
  for (let moves = -1; moves !== count('lease taken'); ) {
    moves = count('lease taken')
    first.length = 0
    second.length = 0
    const ids = Array.from({ length: 40 }, (_, n) => `b${moves}-${n}`)
    await pods.put(...ids)
    await vi.waitFor(() => expect(new Set([...first, ...second])).toEqual(new Set(ids)), wait)
  }
  expect(await sharesOf(pods)).toEqual([2, 2])
  expect(first.length + second.length).toBe(40)
  expect([first.length, second.length].every((share) => share > 0)).toBe(true)
  const told = pods.lines.filter(({ message }) => /^another process has the id/.test(message))
  expect(told.length).toBeGreaterThan(0)
  expect(told[0]).toMatchObject({ level: 'warn', fields: { details: { id: 'same' } } })
  await Promise.all([one.stop(), two.stop()])
  await Promise.all(runs)
}, 60_000)

test('a restarted process takes back what the one before it held under its id, without waiting for the end of a life', async () => {
  await using pods = await podsOnShip(2)
  const seen: string[] = []
  const leases = { failover: '60s' } as const
  const made = pods.pod(noting(seen), { workerId: 'same', leases })
  const run = made.run()
  await pods.put('a')
  await vi.waitFor(() => expect(seen).toEqual(['a']), wait)
  await made.stop()
  await run
  const { Items = [] } = await pods.dynamodb.send(new ScanCommand({ TableName: 'app' }))
  for (const { leaseKey = { S: '' } } of Items)
    await pods.dynamodb.send(
      new UpdateItemCommand({
        ...{ TableName: 'app', Key: { leaseKey } },
        UpdateExpression: 'SET leaseOwner = :id, spaceshipProcess = :process',
        ExpressionAttributeValues: { ':id': { S: 'same' }, ':process': { S: 'same/0badf00d' } },
      }),
    )
  const next = pods.pod(noting(seen), { workerId: 'same', leases })
  const running = next.run()
  await pods.put('b')
  await vi.waitFor(() => expect(seen).toEqual(['a', 'b']), wait)
  await next.stop()
  await running
}, 60_000)

test('what a former process left stays free until somebody writes it, however often its taking is refused', () => {
  const settings = { logger: silent, me: 'same', process: 'same/2' }
  const namesakes = new Namesakes(settings)
  const lease = (key: string, counter: number, process = 'same/1') =>
    ({ key, owner: 'same', process, counter }) as Lease // a look asks for no more
  const free = (...leases: readonly Lease[]) => [...namesakes.look(leases)].map(({ key }) => key)
  expect(free(lease('a', 7), lease('b', 3))).toEqual(['a', 'b'])
  expect(free(lease('a', 7), lease('b', 4))).toEqual(['a'])
  expect(free(lease('a', 8, 'same/2'), lease('b', 5), lease('c', 1))).toEqual(['a'])
})
