/** Which deaths of owners count against a shard, and which do not. */

import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb'
import { reactor, Unavailable } from '@spaceship/core'
import { memoryDeadLetters, memoryState } from '@spaceship/core/memory'
import type { DeadLetter, StateStore } from '@spaceship/core/ports'
import { expect, test, vi } from 'vitest'
import { podsOnShip, saved } from '../test/pods.ts'

const wait = { timeout: 20_000, interval: 20 }

test.concurrent('a record that kills each of its owners a little later is given up on, also while others are done beside it', async () => {
  await using pods = await podsOnShip()
  const [deadLetters, state] = [memoryDeadLetters(), memoryState()]
  await pods.put('poison')
  const letters = async () => {
    const all: DeadLetter[] = []
    for await (const letter of deadLetters.list('app')) all.push(letter)
    return all
  }
  let [began, done] = [0, 0]
  const reacting = reactor('r').on(
    'see',
    saved,
    async (e) => {
      if (e.after.id === 'poison') {
        began += 1
        await new Promise<void>(() => {})
      }
      done += 1
    },
    { timeout: '60s' },
  )
  const clients: DynamoDBClient[] = []
  let lives = 0
  let journal: string | undefined
  while ((await letters()).length === 0) {
    lives += 1
    // Whoever is dead writes nothing: its process is gone, and only these go on.
    let isDead = false
    const unlessDead = <T>(ask: () => Promise<T>) => (isDead ? new Promise<never>(() => {}) : ask())
    const dynamodb = new DynamoDBClient({ ...pods.ship.clientConfig('dynamodb'), maxAttempts: 1 })
    clients.push(dynamodb)
    dynamodb.middlewareStack.add((next) => (args) => unlessDead(() => next(args)), { step: 'initialize' })
    const mine: StateStore = {
      ...state,
      get: (...args) => unlessDead(() => state.get(...args)),
      set: (...args) => unlessDead(() => state.set(...args)),
      delete: (...args) => unlessDead(() => state.delete(...args)),
    }
    const worker = pods.pod(reacting, { workerId: `w${lives}`, dynamodb, state: mine, deadLetters })
    // Never settles: nothing that it asks for is answered any more.
    void worker.run().catch(() => {})
    const [begun, before] = [began, done]
    await vi.waitFor(async () => expect(began > begun || (await letters()).length > 0).toBe(true), wait)
    if (began === begun) break
    await pods.put(`beside-${lives}`)
    // What is done beside it is in the journal, which a renewal has written; once the shard is suspected, nothing runs beside it.
    await vi.waitFor(async () => {
      const { Items = [] } = await pods.dynamodb.send(new ScanCommand({ TableName: 'app' }))
      const written = Items[0]?.spaceshipJournal?.S
      const isWritten = done > before && written !== undefined && written !== journal
      if (isWritten) journal = written
      expect(isWritten || pods.lines.some(({ message }) => /^suspect mode/.test(message))).toBe(true)
    }, wait)
    isDead = true
    expect(lives).toBeLessThan(8)
  }
  expect(began).toBeLessThan(8)
  expect(await letters()).toMatchObject([{ reason: 'crashed' }])
  for (const client of clients) client.destroy()
}, 100_000)

test.concurrent('an idle shard that is stolen again and again is no suspect: its records run side by side', async () => {
  await using pods = await podsOnShip(2)
  let [running, most] = [0, 0]
  const gate = Promise.withResolvers<void>()
  const noting = reactor('note').on('see', saved, async () => {
    running += 1
    most = Math.max(most, running)
    await gate.promise
    running -= 1
  })
  const rows = async () => {
    const { Items = [] } = await pods.dynamodb.send(new ScanCommand({ TableName: 'app' }))
    return Items.map((item) => [item.leaseOwner?.S, item.ownerSwitchesSinceCheckpoint?.N])
  }
  const one = pods.pod(noting, { workerId: 'one' })
  const runOne = one.run()
  for (let times = 0; times < 3; times += 1) {
    const two = pods.pod(noting, { workerId: `two-${times}` })
    const runTwo = two.run()
    const owners = async () => (await rows()).map(([owner]) => owner).toSorted()
    await vi.waitFor(async () => expect(await owners()).toEqual(['one', `two-${times}`]), wait)
    await vi.waitFor(
      async () => expect((await rows()).map(([, switches]) => switches)).toEqual(['0', '0']),
      wait,
    )
    await two.stop()
    await runTwo
    await vi.waitFor(async () => expect(await owners()).toEqual(['one', 'one']), wait)
  }
  await pods.put(...Array.from({ length: 12 }, (_, n) => `i${n}`))
  await vi.waitFor(() => expect(most).toBe(12), wait)
  gate.resolve()
  await one.stop()
  await runOne
}, 60_000)

test.concurrent('a shard whose records wait for what is down is no suspect, however often those who live take it from one another', async () => {
  await using pods = await podsOnShip(2)
  let isDown = true
  let asked = 0
  const done = new Set<string>()
  const charging = reactor('bill').on(
    'charge',
    saved,
    (e) => {
      asked += 1
      if (isDown) throw new Unavailable('billing')
      done.add(e.after.id)
    },
    { retry: { base: '100ms', max: '200ms' } },
  )
  const owners = async () => {
    const { Items = [] } = await pods.dynamodb.send(new ScanCommand({ TableName: 'app' }))
    return Items.map((item) => item.leaseOwner?.S).toSorted()
  }
  let pod = pods.pod(charging, { workerId: 'w0' })
  let run = pod.run()
  await pods.put(...Array.from({ length: 12 }, (_, n) => `i${n}`))
  await vi.waitFor(() => expect(asked).toBeGreaterThan(0), wait)
  // Each deploy takes one of the two shards from a worker that lives, and the other one when that has drained.
  for (let deploy = 1; deploy <= 6; deploy += 1) {
    const next = pods.pod(charging, { workerId: `w${deploy}` })
    const running = next.run()
    await vi.waitFor(async () => expect(await owners()).toEqual([`w${deploy - 1}`, `w${deploy}`]), wait)
    await pod.stop()
    await run
    await vi.waitFor(async () => expect(await owners()).toEqual([`w${deploy}`, `w${deploy}`]), wait)
    ;[pod, run] = [next, running]
  }
  isDown = false
  await vi.waitFor(() => expect(done.size).toBe(12), wait)
  await pod.stop()
  await run
  expect(pods.lines.filter(({ message }) => /^suspect mode/.test(message))).toEqual([])
}, 60_000)
