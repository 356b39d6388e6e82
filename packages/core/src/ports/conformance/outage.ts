/**
 * What an adapter owes while its backend is out: each call is rejected as `Unavailable`, so that the engine waits for the
 * dependency instead of counting attempts and giving records up. Hand in an adapter whose backend cannot be reached: a
 * client of a closed port will do, with its own retries off.
 */

import assert from 'node:assert/strict'
import type { DeadLetters } from '../dead-letters.ts'
import type { EntityReader } from '../entity-reader.ts'
import type { EventSink } from '../event-sink.ts'
import type { ReferenceStore } from '../reference-store.ts'
import type { ReminderScheduler } from '../reminder-scheduler.ts'
import type { StateStore } from '../state-store.ts'
import type { Case } from './cases.ts'
import { letterOf } from './dead-letters.ts'

/** For a StateStore whose backend is out. */
export const stateStoreOutageCases: readonly Case<StateStore>[] = [
  outage('get', (store) => store.get('conformance')),
  outage('set', (store) => store.set('conformance', {}, { expect: undefined })),
  outage('delete', (store) => store.delete('conformance', 'some version')),
]

/** For DeadLetters whose backend is out. */
export const deadLettersOutageCases: readonly Case<DeadLetters>[] = [
  outage('put', (letters) => letters.put(letterOf({}))),
  outage('get', (letters) => letters.get('conformance')),
  outage('remove', (letters) => letters.remove('conformance')),
  outage('list', async (letters) => {
    for await (const _ of letters.list('conformance')) break
  }),
]

/** For an EntityReader whose backend is out. */
export const entityReaderOutageCases: readonly Case<EntityReader>[] = [
  outage('read', (reader) => reader.read('conformance', { id: 'a' })),
]

/** For a ReminderScheduler whose backend is out. */
export const reminderSchedulerOutageCases: readonly Case<ReminderScheduler>[] = [
  outage('start', (scheduler) => {
    const dueAt = new Date(Date.UTC(2100, 0))
    return scheduler.start({ name: 'conformance', dueAt, envelope: '{}', partitionKey: 'p' })
  }),
  outage('stop', (scheduler) => scheduler.stop('conformance')),
]

/** For a ReferenceStore whose backend is out. */
export const referenceStoreOutageCases: readonly Case<ReferenceStore>[] = [
  outage('add', (store) => store.add('conformance', 'x', 60_000)),
  outage('get', (store) => store.get('conformance')),
  outage('set', (store) => store.set('conformance', 'x', 60_000)),
  outage('delete', (store) => store.delete('conformance')),
]

/** For an EventSink whose backend is out. */
export const eventSinkOutageCases: readonly Case<EventSink>[] = [
  outage('put', (sink) => sink.put([{ partitionKey: 'p', data: new Uint8Array([1]) }])),
]

export function outage<Port>(method: string, call: (port: Port) => Promise<unknown>): Case<Port> {
  return {
    name: `an outage: ${method} is rejected as Unavailable`,
    run: (port) => assert.rejects(call(port), { code: 'unavailable' }),
  }
}
