/** What middleware may do around an attempt, and what becomes of the answers within it. */

import { expect, test } from 'vitest'
import { engineOf, inserted, pass, saved, worker } from '../../test/bench.ts'
import { batch, type Middleware, Permanent, reactor, skip } from '../index.ts'

test('middleware wraps an attempt, the engine outside of the reactor; what it throws is judged like the handler', async () => {
  const trail: string[] = []
  const around =
    (name: string): Middleware =>
    async (event, context, next) => {
      trail.push(`${name} ${event.name} ${context.route} ${context.attempt}`)
      try {
        return await next()
      } finally {
        trail.push(`${name} ends`)
      }
    }
  const picky: Middleware = (_, { attempt }, next) => {
    if (attempt === 1) throw new Error('not yet')
    return next()
  }
  const steps: string[] = []
  const { engine, clock } = engineOf(
    reactor('r', { middleware: [around('inner'), picky] }).on('see', saved, () => skip('nothing')),
    { middleware: [around('outer')], observe: ({ step }) => void steps.push(step) },
  )
  const delivery = await engine.open(worker)
  await delivery.push([inserted(1, 'a')])
  await pass(clock, 2_000)
  expect(trail).toEqual([
    ...['outer client.saved see 1', 'inner client.saved see 1', 'inner ends', 'outer ends'],
    ...['outer client.saved see 2', 'inner client.saved see 2', 'inner ends', 'outer ends'],
  ])
  expect(steps.at(-1)).toBe('skipped')
})

const silent: Readonly<Record<string, Middleware>> = {
  'awaits next and returns nothing': async (_, __, next) => {
    await next()
  },
  'does not wait for next': (_, __, next) => void next(),
}
for (const [what, middleware] of Object.entries(silent))
  test(`middleware that ${what} leaves the answers of its handlers as they are`, async () => {
    const steps: string[] = []
    const { engine, clock, deadLetters } = engineOf(
      reactor('r', { retry: { attempts: 1 }, middleware: [middleware] })
        .on('skips', saved, async () => skip('known'))
        .on('fails', saved, async () => new Error('no'))
        .on('gives-up', saved, () => new Permanent('never'))
        .on(
          'loads',
          saved,
          batch({ size: 2, within: '10ms' }, (events) =>
            events.map((_, i) => (i === 0 ? skip('known') : new Permanent('never'))),
          ),
        ),
      { observe: ({ route, step, position }) => void steps.push(`${position} ${route} ${step}`) },
    )
    const delivery = await engine.open(worker)
    await delivery.push([inserted(1, 'a'), inserted(2, 'b')])
    await pass(clock, 5_000)
    expect(steps.filter((step) => !/taken|started|waiting/.test(step)).toSorted()).toEqual([
      '1 r/fails dead-letter',
      '1 r/gives-up dead-letter',
      '1 r/loads skipped',
      '1 r/skips skipped',
      '2 r/fails dead-letter',
      '2 r/gives-up dead-letter',
      '2 r/loads dead-letter',
      '2 r/skips skipped',
    ])
    expect(deadLetters.letters).toHaveLength(5)
  })

test('an event is skipped, with the reason, if its middleware never calls next; it is done if the middleware took what the handler threw', async () => {
  const told: string[] = []
  const { engine, clock } = engineOf(
    reactor('r', {
      middleware: [
        async (_, { route }, next) => {
          if (route === 'takes') await next().catch(() => {})
        },
      ],
    })
      .on('filters', saved, () => {})
      .on('takes', saved, () => {
        throw new Error('no')
      }),
    {
      observe: ({ step, route, detail }) => {
        if (!/taken|started/.test(step)) told.push(`${route} ${step} ${detail ?? ''}`)
      },
    },
  )
  const delivery = await engine.open(worker)
  await delivery.push([inserted(1, 'a')])
  await pass(clock, 2_000)
  expect(told.toSorted()).toEqual(['r/filters skipped next was not called', 'r/takes done '])
})

test('what inner middleware answers stands, if outer middleware returns nothing', async () => {
  const steps: string[] = []
  const outer: Middleware = async (_, __, next) => {
    await next()
  }
  const inner: Middleware = async (_, { route }, next) => {
    if (route === 'bad') return new Permanent('never')
    await next()
    return skip('known')
  }
  const { engine, clock } = engineOf(
    reactor('r', { middleware: [outer, inner] })
      .on('bad', saved, () => {})
      .on('good', saved, () => {}),
    { observe: ({ route, step }) => void steps.push(`${route} ${step}`) },
  )
  const delivery = await engine.open(worker)
  await delivery.push([inserted(1, 'a')])
  await pass(clock, 2_000)
  expect(steps.filter((step) => !/taken|started/.test(step)).toSorted()).toEqual([
    'r/bad dead-letter',
    'r/good skipped',
  ])
})
