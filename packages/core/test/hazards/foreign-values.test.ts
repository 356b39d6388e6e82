/** F3: users' code that answers oddly, at the places that ask it beside the handler. src/engine/foreign.test.ts has the handlers. */

import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { batch, entity, event, type Middleware, marshal, reactor, reminder, skip } from '../../src/index.ts'
import { memoryEntities, memoryState, virtualClock } from '../../src/memory/index.ts'
import type { Logger } from '../../src/ports/index.ts'
import { reminderKey } from '../../src/state/index.ts'
import { encodeEnvelope } from '../../src/wire/index.ts'
import { engineOf, idle, inserted, pass, record, saved, worker } from '../bench.ts'
import { type Act, acting, hostile, WAYS, watchUnhandled } from '../hostile.ts'

watchUnhandled()

const effects = fc.constantFrom('journal' as const, 'claim' as const)
type Effect = 'journal' | 'claim'
const ways = fc.constantFrom(...WAYS)
const names = fc.constantFrom(...Object.keys(hostile))
const loose = z.looseObject({ id: z.string() })

const changed = (sequence: number, id: string) =>
  record(sequence, {
    eventName: 'MODIFY',
    tableName: 'clients',
    dynamodb: {
      ApproximateCreationDateTime: 1_796_000_000_000_000 + sequence,
      Keys: marshal({ id }),
      OldImage: marshal({ id, n: 0 }),
      NewImage: marshal({ id, n: sequence }),
    },
  })
const publishedAs = (sequence: number, id: string) =>
  record(sequence, { specversion: '1.0', id: `e${sequence}`, source: 'shop', type: 'odd', data: { id } })

interface Place {
  readonly app: (act: Act, effect: Effect, seen: (id: string) => void) => ReturnType<typeof reactor>
  readonly record: (sequence: number, id: string) => ReturnType<typeof record>
}

const told = (seen: (id: string) => void) => (e: { after: { id: string } }) => seen(e.after.id)

/** Where the engine asks, beside the handler. For the record `odd` the answer is the odd one. */
const places: Readonly<Record<string, Place>> = {
  'a predicate of a pattern': {
    record: changed,
    app: (act, effect, seen) => {
      const Any = entity('any', { table: 'clients', key: 'id', schema: loose })
      const n = (_: unknown, after: unknown) => (after === 1 ? act() : true) as boolean
      return reactor('r').on('see', Any.changed('any.changed', { n }), told(seen), { effect })
    },
  },
  'an upgrade': {
    record: inserted,
    app: (act, effect, seen) => {
      const upgrade = (raw: Readonly<Record<string, unknown>>) =>
        (raw.id === 'odd' ? act() : raw) as typeof raw
      const Old = entity('old', { table: 'clients', key: 'id', schema: loose, upgrade })
      return reactor('r').on('see', Old.saved('old.saved'), told(seen), { effect })
    },
  },
  'a key function': {
    record: publishedAs,
    app: (act, effect, seen) => {
      const odd = event('odd', { schema: loose, key: (p) => (p.id === 'odd' ? act() : p.id) as string })
      return reactor('r').on('see', odd, (e) => seen(e.payload.id), { effect })
    },
  },
  'the schema of a payload': {
    record: publishedAs,
    app: (act, effect, seen) => {
      const validate = (value: unknown) => (Object(value).id === 'odd' ? act() : { value })
      const schema = { '~standard': { version: 1, vendor: 'odd', validate } } as never
      const odd = event('odd', { schema, key: (p: { readonly id: string }) => p.id })
      return reactor('r').on('see', odd, (e) => seen((e.payload as { id: string }).id), { effect })
    },
  },
  'middleware that swallows what its handler said': {
    record: inserted,
    app: (act, effect, seen) => {
      const swallow: Middleware = async (_event, _context, next) => {
        try {
          return await next()
        } catch {
          return skip('swallowed')
        }
      }
      return reactor('r', { middleware: [swallow] }).on(
        'see',
        saved,
        (e) => (e.after.id === 'odd' ? act() : seen(e.after.id)),
        { effect },
      )
    },
  },
  'middleware that does not wait for its handler': {
    record: inserted,
    app: (act, effect, seen) => {
      // The outer one leaves the inner one, which leaves its handler.
      const hasty: Middleware = async (_event, _context, next) => {
        void next()
        await idle()
      }
      return reactor('r', { middleware: [hasty, hasty] }).on(
        'see',
        saved,
        (e) => (e.after.id === 'odd' ? act() : seen(e.after.id)),
        { effect },
      )
    },
  },
  'an item of a batch whose answer is a proxy': {
    record: inserted,
    app: (act, effect, seen) =>
      reactor('r').on(
        'see',
        saved,
        batch({ size: 2, within: 1 }, (events) => {
          for (const { after } of events) if (after.id !== 'odd') seen(after.id)
          return new Proxy(events.slice(), {
            get: (list, name) => (events[Number(name)]?.after.id === 'odd' ? act() : Reflect.get(list, name)),
          })
        }),
        { effect },
      ),
  },
}

test('F3: whatever answers oddly beside the handler: its record ends, its neighbour and other routes are done, nothing waits', async () => {
  await fc.assert(
    fc.asyncProperty(
      names,
      fc.constantFrom(...Object.keys(places)),
      ways,
      effects,
      async (what, place, how, effect) => {
        const { app, record: recordOf } = places[place] ?? expect.fail('no such place')
        const seen: string[] = []
        const sane: string[] = []
        const made = app(acting(hostile[what] ?? expect.fail('no such value'), how), effect, (id) =>
          seen.push(id),
        )
        const other = reactor('sane').on('see', saved, (e) => void sane.push(e.after.id))
        const { engine, deadLetters, pass } = engineOf([made, other])
        const delivery = await engine.open(worker)
        await delivery.push([recordOf(1, 'odd'), recordOf(2, 'even')])
        await pass(200)
        expect(seen, `the neighbour waits for nothing: ${place} ${how} ${what}`).toContain('even')
        await pass(3_600_000)
        expect(delivery.complete, `${place} ${how} ${what}`).toBe(true)
        expect(deadLetters.letters.filter(({ sequence }) => sequence !== '1')).toEqual([])
        // What is told of it can be kept.
        JSON.stringify(deadLetters.letters)
        if (recordOf !== publishedAs) expect(sane).toEqual(['odd', 'even'])
        delivery.revoke(new Error('the end'))
      },
    ),
    { numRuns: 500 },
  )
})

test('F3: a last look before a reminder fires that answers oddly costs that reminder, and no other', async () => {
  const Row = entity('row', { table: 'rows', key: 'id', schema: loose })
  await fc.assert(
    fc.asyncProperty(names, ways, effects, fc.boolean(), async (what, how, effect, atKey) => {
      const act = acting(hostile[what] ?? expect.fail('no such value'), how)
      const odd = (id: string) => id === 'odd'
      const nag = reminder('nag', { payload: z.object({ id: z.string() }), key: (p) => p.id }).unless(
        Row,
        (p) => (atKey && odd(p.id) ? act() : p.id) as string,
        (row) => (!atKey && odd(row.id) ? act() : false) as boolean,
      )
      const clock = virtualClock()
      const state = memoryState({ clock })
      const entities = memoryEntities()
      const seen: string[] = []
      for (const id of ['odd', 'even']) {
        entities.put('rows', { id }, { id })
        const due = { generation: 1, status: 'pending', dueAt: clock.now(), min: 0, max: 0, payload: { id } }
        await state.set(reminderKey('app', 'nag', id), due, { expect: undefined })
      }
      const { engine, deadLetters } = engineOf(
        reactor('r').on('see', nag, (e) => void seen.push(e.key), { effect }),
        {
          clock,
          state,
          entities,
        },
      )
      const delivery = await engine.open(worker)
      const due = { kind: 'reminder', application: 'app', reminder: 'nag', generation: 1 } as const
      await delivery.push(['odd', 'even'].map((key, i) => record(i + 1, encodeEnvelope({ ...due, key }))))
      await pass(clock, 200)
      expect(seen, `${how} ${what}`).toContain('even')
      await pass(clock, 3_600_000)
      expect([delivery.complete, deadLetters.letters.some(({ sequence }) => sequence === '2')]).toEqual([
        true,
        false,
      ])
      delivery.revoke(new Error('the end'))
    }),
    { numRuns: 200 },
  )
})

test('F3: a logger and an observer that throw, reject or answer oddly are not heard', async () => {
  await fc.assert(
    fc.asyncProperty(names, ways, effects, async (what, how, effect) => {
      const act = acting(hostile[what] ?? expect.fail('no such value'), how) as () => void
      const logger: Logger = { debug: act, info: act, warn: act, error: act }
      const { engine, deadLetters, pass } = engineOf(
        reactor('r', { retry: { attempts: 2 } }).on(
          'see',
          saved,
          (e, { log }) => {
            log.info('seen')
            if (e.after.id === 'bad') throw new Error('no')
          },
          { effect },
        ),
        { logger, observe: act },
      )
      const delivery = await engine.open(worker)
      await delivery.push([inserted(1, 'bad'), inserted(2, 'a'), record(3, 'no json')])
      await pass(60_000)
      expect([delivery.complete, deadLetters.letters.map(({ sequence }) => sequence).sort()]).toEqual([
        true,
        ['1', '3'],
      ])
      delivery.revoke(new Error('the end'))
    }),
    { numRuns: 150 },
  )
})
