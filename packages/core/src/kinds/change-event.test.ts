import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { changeIn, recordText } from '../../test/records.ts'
import { entity } from '../declare/entity.ts'
import type { EventDef } from '../declare/event.ts'
import { marshal } from '../wire/index.ts'
import { changeEvent } from './change-event.ts'
import { imagesOf } from './images.ts'

const Client = entity('client', {
  table: 'clients',
  key: 'id',
  schema: z.object({ id: z.string(), n: z.number() }),
})
const source = { stream: 's', shard: 'shardId-0', position: '1' }

function eventOf({ name, spec }: EventDef, dynamodb: object, more: Readonly<Record<string, unknown>> = {}) {
  if (spec.kind !== 'change') throw new Error('not of a change')
  const change = changeIn(recordText({ ...dynamodb }, more))
  const images = imagesOf(change)
  const rows = Object.fromEntries(spec.exposes.map((image) => [image, images.read(spec.entity, image)]))
  return changeEvent(name, change, spec, change.keyText(spec.entity.key), rows, images, source)
}

const now = marshal({ id: 'a', n: 2 })
const then = marshal({ id: 'a', n: 1 })
const meta = {
  name: 'e',
  at: new Date(1_796_000_000_000),
  version: { min: 1.796e15, max: 1.796e15 },
  key: 'a',
  source,
  by: 'user',
}

test('an event has what its type says, whether it is read or destructured', () => {
  const changed = eventOf(Client.changed('e'), { NewImage: now, OldImage: then })
  expect(changed).toMatchObject({ ...meta, before: { id: 'a', n: 1 }, after: { id: 'a', n: 2 } })
  const { id, by } = changed
  expect([id, by]).toEqual([changed.id, 'user'])
  const removed = eventOf(Client.removed('e'), { OldImage: then }, { eventName: 'REMOVE' })
  expect(removed).toMatchObject({ ...meta, before: { id: 'a', n: 1 } })
  expect('after' in removed && removed.after).toBe(undefined)
})

test('the old row of a saved item is parsed for who looks at it, and harms nobody else', () => {
  const saved = eventOf(Client.saved('e'), { NewImage: now, OldImage: marshal({ id: 'a', n: 'old' }) })
  expect(saved).toMatchObject({ after: { id: 'a', n: 2 } })
  expect(() => 'before' in saved && saved.before).toThrow(/'before' of client: at n/)
  expect(JSON.parse(JSON.stringify(saved))).not.toHaveProperty('before')
  const created = eventOf(Client.saved('e'), { NewImage: now }, { eventName: 'INSERT' })
  expect('before' in created && created.before).toBe(undefined)
})

test('as JSON and in a log it is whole', () => {
  const event = eventOf(Client.changed('e'), { NewImage: now, OldImage: then })
  const expected = { ...meta, id: event.id, before: { id: 'a', n: 1 }, after: { id: 'a', n: 2 } }
  expect(JSON.parse(JSON.stringify(event))).toEqual(JSON.parse(JSON.stringify(expected)))
  expect(inspect(event)).toContain(event.id)
})
