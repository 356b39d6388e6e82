import { setImmediate as turn } from 'node:timers/promises'
import { virtualClock } from '@spaceship/core/memory'
import { expect, test } from 'vitest'
import type { LeaseTable } from './leases/index.ts'
import { memoryLeases } from './leases/memory.ts'
import { patientLeases } from './patient-leases.ts'

test('a lease table that does not answer is waited for two minutes for all of it, and half a minute for a row, and then asked again', async () => {
  const clock = virtualClock(0)
  const table = memoryLeases('app')
  let isDeaf = true
  const deaf = <T>(ask: () => Promise<T>) => (isDeaf ? new Promise<never>(() => {}) : ask())
  const patient = patientLeases(
    {
      ...table,
      scan: (how) => deaf(() => table.scan(how)),
      create: (lease) => deaf(() => table.create(lease)),
    },
    { clock, signal: new AbortController().signal },
  )
  const lease = {
    stream: 'a:s:1',
    shard: 'shardId-0',
    checkpoint: 'LATEST',
    parents: [],
    hashRange: undefined,
  }
  const ends: string[] = []
  const told = (what: string) => (error: unknown) =>
    void ends.push(`${what} ${Object(error).code} ${clock.now()}`)
  const asked = [patient.scan('late').catch(told('scan')), patient.create(lease).catch(told('create'))]
  await clock.moveTo(200_000, () => turn())
  await Promise.all(asked)
  expect(ends).toEqual(['create no-answer 30000', 'scan no-answer 120000'])
  isDeaf = false
  await patient.create(lease)
  expect((await patient.scan()).leases.map(({ shard }) => shard)).toEqual(['shardId-0'])
})

test('every method of a lease table is asked through it', async () => {
  const asked: string[] = []
  const table = new Proxy({} as LeaseTable, {
    get: (_, name) => async () => void asked.push(String(name)),
  })
  const patient = patientLeases(table, { clock: virtualClock(0), signal: new AbortController().signal })
  for (const ask of Object.values(patient)) await ask()
  expect(asked.sort()).toEqual(Object.keys(memoryLeases('app')).sort())
})
