/** F3: users' code that says what only the engine's own verdicts say, or says nothing at all. */

import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { reactor } from '../../src/index.ts'
import { engineOf, inserted, saved, worker } from '../bench.ts'
import { acting, malformed, silent, watchUnhandled } from '../hostile.ts'

watchUnhandled()

const effects = fc.constantFrom('journal' as const, 'claim' as const)

test('F3: what bears the code of a verdict without its fields waits by itself, is never given up on, and ends once it can', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...Object.keys(malformed)),
      fc.constantFrom('throws' as const, 'rejects' as const),
      effects,
      async (what, how, effect) => {
        const seen: string[] = []
        let isOdd = true
        const act = acting(malformed[what] ?? expect.fail('no such value'), how)
        const app = reactor('r', { retry: { attempts: 2 } }).on(
          'see',
          saved,
          (e) => (isOdd && e.after.id === 'odd' ? act() : void seen.push(e.after.id)),
          { effect },
        )
        const other = reactor('sane').on('see', saved, (e) => void seen.push(`sane ${e.after.id}`))
        const { engine, deadLetters, pass } = engineOf([app, other], { observe: () => {} })
        const delivery = await engine.open(worker)
        await delivery.push([inserted(1, 'odd'), inserted(2, 'even')])
        await pass(60_000)
        expect(seen.sort(), what).toEqual(['even', 'sane even', 'sane odd'])
        expect([deadLetters.letters, delivery.watermark, typeof delivery.journal]).toEqual([
          [],
          undefined,
          'string',
        ])
        isOdd = false
        await pass(600_000)
        // Who asked to wait for ever, waits.
        if (!/end of time|for ever/.test(what)) expect(seen).toContain('odd')
        delivery.revoke(new Error('the end'))
      },
    ),
    { numRuns: 80 },
  )
})

test('F3: an answer that never comes holds up its own lane, and is reported', async () => {
  for (const [what, make] of Object.entries(silent))
    for (const effect of ['journal', 'claim'] as const) {
      const seen: string[] = []
      const { engine, pass } = engineOf(
        reactor('r').on('see', saved, (e) => (e.after.id === 'odd' ? make() : void seen.push(e.after.id)), {
          effect,
          timeout: '5s',
        }),
      )
      const delivery = await engine.open(worker)
      await delivery.push([inserted(1, 'odd'), inserted(2, 'even'), inserted(3, 'odd')])
      await pass(60_000)
      expect([seen, engine.overdue, delivery.watermark], what).toEqual([['even'], 1, undefined])
      delivery.revoke(new Error('the end'))
    }
})
