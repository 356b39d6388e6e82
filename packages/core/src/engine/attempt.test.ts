/** What a handler, and the middleware around it, may return, throw or leave running. */

import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { engineOf, inserted, saved, worker } from '../../test/bench.ts'
import { Permanent, reactor } from '../index.ts'
import { memoryDeadLetters } from '../memory/index.ts'

const odd: Readonly<Record<string, (ran: () => void) => unknown>> = {
  'a thenable that runs whenever it is asked': (ran) => ({
    // biome-ignore lint/suspicious/noThenProperty: what a query builder is
    then(resolve: (value: unknown) => void) {
      ran()
      resolve('rows')
    },
  }),
  'a function with a then': (ran) =>
    Object.assign(() => {}, {
      // biome-ignore lint/suspicious/noThenProperty: awaited like any other
      then(resolve: (value: unknown) => void) {
        ran()
        resolve(undefined)
      },
    }),
  'an object whose then throws when it is looked at': (ran) => ({
    // biome-ignore lint/suspicious/noThenProperty: a proxy may do this
    get then() {
      ran()
      throw new Permanent('do not look')
    },
  }),
  'a promise of another realm': (ran) => {
    ran()
    return runInNewContext('Promise.resolve()')
  },
}
for (const [what, returns] of Object.entries(odd)) {
  for (const effect of ['journal', 'claim'] as const) {
    test(`a handler that returns ${what} runs once, and its lane goes on (${effect})`, async () => {
      let runs = 0
      const { engine, pass } = engineOf(
        reactor('r').on('see', saved, (e) => e.after.n === 1 && returns(() => void runs++), { effect }),
      )
      const delivery = await engine.open(worker)
      await delivery.push([inserted(1, 'a'), inserted(2, 'a')])
      await pass(1_000)
      expect([runs, delivery.watermark?.sequence]).toEqual([1, '2'])
    })
  }
}

test('middleware cannot repeat a handler, whether it asks twice or no longer waits for it', async () => {
  const seen: string[] = []
  let active = 0
  const { engine, pass, clock } = engineOf(
    reactor('r', {
      retry: { attempts: 2, base: '1s' },
      middleware: [
        async (_, context, next) => {
          if (context.route === 'twice') return Promise.all([next(), next()])
          const slow = clock.sleep(100).then(() => {
            throw new Error('slow')
          })
          return Promise.race([next(), slow])
        },
      ],
    })
      .on('twice', saved, () => void seen.push('twice'))
      .on('raced', saved, async (_, { attempt }) => {
        expect(++active).toBe(1)
        seen.push(`raced ${attempt}`)
        await clock.sleep(5_000)
        active -= 1
        throw new Error('nobody waits for this one')
      }),
  )
  const delivery = await engine.open(worker)
  await delivery.push([inserted(1, 'a')])
  await pass(4_000)
  expect(seen).toEqual(['twice', 'raced 1'])
  await pass(20_000)
  expect([seen, delivery.watermark?.sequence]).toEqual([['twice', 'raced 1', 'raced 2'], '1'])
})

test('an error that is returned is one that was thrown: it is tried again, and kept as a dead letter', async () => {
  let attempts = 0
  const deadLetters = memoryDeadLetters()
  const returning = () => {
    attempts += 1
    return new Error('failed')
  }
  const { engine, pass } = engineOf(
    reactor('r')
      .on('now', saved, returning, { retry: { attempts: 2 } })
      .on('later', saved, async () => returning(), { retry: { attempts: 2 } }),
    { deadLetters },
  )
  const delivery = await engine.open(worker)
  await delivery.push([inserted(1, 'a')])
  await pass(120_000)
  expect([attempts, deadLetters.letters.map(({ reason }) => reason)]).toEqual([4, ['exhausted', 'exhausted']])
})
