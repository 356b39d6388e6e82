import fc from 'fast-check'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { engineOf, record, worker } from '../../test/bench.ts'
import { event, Permanent, reactor } from '../index.ts'
import { checkStateKey } from '../ports/index.ts'
import { boundedKey, claimKey, guardKey, keptKey, parkedLaneKey, reminderKey } from './keys.ts'

const longest = 'r'.repeat(128)
const route = `${longest}/${longest}`

const KEYS: Readonly<Record<string, (chosen: string) => string>> = {
  claim: (chosen) => claimKey(longest, route, chosen),
  guard: (chosen) => guardKey(longest, route, chosen),
  park: (chosen) => parkedLaneKey(longest, route, chosen),
  kept: (chosen) => keptKey(longest, route, chosen, `${'9'.repeat(60)}.9`),
  reminder: (chosen) => reminderKey(longest, longest, chosen),
}

/** Any text, also one that is none: with halves of surrogate pairs. */
const text = fc.string({
  unit: fc.constantFrom('a', 'é', '山', '🚀', '\ud800', '\udfff', '/', '\0'),
  maxLength: 400,
})

test.each(Object.entries(KEYS))(
  'property: whatever users choose, a %s key is one that every store holds, and another text is another key',
  (_, keyOf) => {
    fc.assert(
      fc.property(text, text, (one, other) => {
        checkStateKey(keyOf(one))
        expect(keyOf(one) === keyOf(other)).toBe(one === other)
      }),
    )
    expect(keyOf('\ud800')).not.toBe(keyOf('\ud801'))
    expect(keyOf('\ud800'.repeat(300))).not.toBe(keyOf('\ud801'.repeat(300)))
  },
)

test('a key that is text is readable, and of a reminder as it was given', () => {
  expect(claimKey('app', 'r/s', 'invoice 🚀')).toBe('app/claim/r/s/invoice 🚀')
  expect(boundedKey('kunde-é')).toBe('kunde-é')
})

test('events whose ids or keys differ in half of a surrogate pair are several, and park in lanes of their own', async () => {
  const Paid = event('paid', { schema: z.object({ key: z.string() }), key: (e) => e.key })
  const seen: string[] = []
  const { engine, pass, deadLetters } = engineOf([
    reactor('once').on('see', Paid, (e) => void seen.push(e.id), { effect: 'claim' }),
    reactor('dead').on('post', Paid, () => Promise.reject(new Permanent('no'))),
    reactor('kept').on('post', Paid, () => Promise.reject(new Permanent('no')), { whenExhausted: 'park' }),
  ])
  const ids = ['\ud800', '\ud801', '\ufffd']
  const delivery = await engine.open(worker)
  await delivery.push(
    [...ids, ...ids].map((id, n) =>
      record(n + 1, {
        ...{ specversion: '1.0', id, source: 's', type: 'paid', time: '2026-11-29T00:00:00Z' },
        data: { key: id },
      }),
    ),
  )
  await pass(60_000)
  expect(seen).toEqual(ids.map((id) => `s#${id}`))
  const lanesOf = (name: string) =>
    deadLetters.letters.filter(({ reactor }) => reactor === name).map(({ lane }) => lane)
  const lanes = ids.map((id) => `published events/${id}`)
  // A letter has the same name each time; a parked record is kept once for each time.
  expect([lanesOf('dead'), lanesOf('kept')]).toEqual([lanes, [...lanes, ...lanes]])
  expect(delivery.complete).toBe(true)
})
