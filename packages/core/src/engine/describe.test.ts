import { expect, test } from 'vitest'
import * as z from 'zod'
import { describe } from '../engine.ts'
import { batch, entity, handler, reactor } from '../index.ts'

const Client = entity('client', { table: 'clients', key: 'id', schema: z.object({ id: z.string() }) })

test("a route is described as an engine would run it: own options, the reactor's, the handler's, and the defaults", () => {
  const app = reactor('app', { retry: { attempts: 3, base: '2s' }, whenExhausted: 'park' })
    .on('see', Client.saved('client.saved'), () => {}, { formerly: ['look'], timeout: '1m', rate: '10/s' })
    .on(
      'tell',
      [Client.created('client.joined'), Client.removed('client.left')],
      handler({ effect: 'claim', needs: [{ verb: 'posts to', target: 'slack' }] }, () => {}),
      { whenExhausted: 'halt', retry: { max: '10s' } },
    )
    .on(
      'load',
      Client.saved('client.stored'),
      batch({ size: 10, within: '1s' }, () => {}),
      { whenExhausted: 'discard' },
    )
    .every('count', { each: '5m', delay: '30s', catchUp: 'all' }, () => {})
  const [see, tell, load, count] = describe(app)
  expect(see).toEqual({
    route: 'app/see',
    formerly: ['look'],
    events: ['client.saved'],
    effect: 'journal',
    retry: { attempts: 3, base: 2_000, max: 60_000 },
    timeout: 60_000,
    whenExhausted: 'park',
    stages: ['rate', 'park', 'handler'],
    needs: [],
  })
  expect(tell).toMatchObject({
    events: ['client.joined', 'client.left'],
    effect: 'claim',
    retry: { attempts: 3, base: 2_000, max: 10_000 },
    timeout: 30_000,
    whenExhausted: 'halt',
    stages: ['claim', 'handler'],
    needs: [{ verb: 'posts to', target: 'slack' }],
  })
  expect(load?.stages).toEqual(['batch'])
  expect(count?.schedule).toEqual({
    ...{ each: 300_000, delay: 30_000, overlap: 0 },
    ...{ catchUp: 'all', via: 'stream' },
  })
})
