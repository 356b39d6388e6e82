/** Rows of several kinds under one key: what one kind leaves is none of the other's. */

import { expect, test } from 'vitest'
import * as z from 'zod'
import { entity, reactor, reminder } from '../../src/index.ts'
import { harness } from '../../src/testing/index.ts'

const id = z.string()
const Order = entity('order', {
  table: 't',
  key: 'id',
  when: { kind: 'order' },
  schema: z.object({ id, kind: z.literal('order') }),
})
/** As strict as it can be, and without the mark of its kind. */
const n = z.number().optional()
const strict = z.object({ id, kind: z.literal('draft'), n })
const loose = z.object({ id, kind: z.string(), n })

for (const schema of [strict, loose]) {
  const Draft = entity('draft', { table: 't', key: 'id', when: { kind: 'draft' }, schema })
  const about = schema === strict ? 'whose schema has its mark' : 'whose schema takes other kinds'

  test(`a reminder of a row that has become another kind is not sent: a kind ${about}`, async () => {
    const sent: string[] = []
    const nag = reminder('nag', { payload: z.object({ id }), key: (p) => p.id }).unless(
      Draft,
      (p) => p.id,
      () => false,
    )
    const ship = harness(({ reminders }) =>
      reactor('r')
        .on(
          'schedule',
          Draft.created('draft.created'),
          reminders.schedule(nag, { in: '1d', payload: (e) => ({ id: e.after.id }) }),
        )
        .on('nag', nag, (e) => void sent.push(e.payload.id)),
    )
    await ship.put(Draft, { id: 'a', kind: 'draft' })
    await ship.put(Draft, { id: 'b', kind: 'draft' })
    await ship.put(Order, { id: 'a', kind: 'order' })
    await ship.advance('2d')
    expect([sent, ship.deadLetters]).toEqual([['b'], []])
  })

  test(`a row that is saved as another kind had none of it before: a kind ${about}`, async () => {
    const seen: unknown[] = []
    const app = () =>
      reactor('r', { retry: { attempts: 1 } }).on(
        'see',
        Draft.saved('draft.saved'),
        (e) => void seen.push(e.before?.kind, e.after.kind),
      )
    const ship = harness(app)
    await ship.put(Order, { id: 'a', kind: 'order' })
    await ship.put(Draft, { id: 'a', kind: 'draft' })
    await ship.put(Draft, { id: 'a', kind: 'draft', n: 1 })
    expect([seen, ship.deadLetters]).toEqual([[undefined, 'draft', 'draft', 'draft'], []])
  })
}
