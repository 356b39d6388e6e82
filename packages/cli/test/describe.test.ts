import { expect, test } from 'vitest'
import { CONFIG, GOOD, projectWith } from './project.ts'

const SHOP = `
import { entity, event, handler, reactor, reminder } from '@spaceship/core'
import * as z from 'zod'

const Order = entity('order', {
  table: 'shop',
  key: { partition: 'pk', sort: 'sk' },
  when: { type: 'order' },
  schema: z.object({ pk: z.string(), sk: z.string(), type: z.literal('order'), paid: z.boolean() }),
})
const nag = reminder('nag', { payload: z.object({ pk: z.string(), sk: z.string() }), key: (p) => p.pk }).unless(
  Order,
  (p) => p,
  (order) => order.paid,
)
const shipped = event('parcel.shipped', { schema: z.object({ id: z.string() }), key: (p) => p.id })
const schedules = handler({ effect: 'idempotent', needs: [{ verb: 'schedules', target: 'nag' }] }, () => {})

export const greeter = reactor('shop')
  .on('nag-later', Order.created('order.created'), schedules)
  .on('nag', nag, () => {}, { formerly: ['remind'] })
  .on('track', shipped, () => {}, { effect: 'claim', whenExhausted: 'park', rate: '10/s' })
  .every('count', { each: '5m' }, () => {})
`

const SHOP_PROJECT = { ...GOOD, 'src/greeter.ts': SHOP }

test('the description for machines has a version, and all that the reactors are made of', async () => {
  using project = projectWith(SHOP_PROJECT)
  const { code, out } = await project.spaceship(['describe', '--json'])
  expect(code).toBe(0)
  expect(JSON.parse(out)).toMatchObject({
    version: 1,
    application: 'greeter',
    streams: ['cdc'],
    entities: [{ name: 'order', table: 'shop', key: ['pk', 'sk'], when: { type: 'order' } }],
    events: [
      { name: 'order.created', kind: 'change', entity: 'order', on: ['created'] },
      { name: 'parcel.shipped', kind: 'published' },
    ],
    reminders: [{ name: 'nag', unless: 'order' }],
    routes: [
      { route: 'shop/nag-later', effect: 'idempotent', needs: [{ verb: 'schedules', target: 'nag' }] },
      { route: 'shop/nag', events: ['nag'], formerly: ['remind'] },
      {
        route: 'shop/track',
        effect: 'claim',
        whenExhausted: 'park',
        retry: { attempts: 5, base: 1_000, max: 60_000 },
      },
      {
        route: 'shop/count',
        schedule: { each: 300_000, delay: 0, overlap: 0, catchUp: 'latest', via: 'stream' },
      },
    ],
  })
})

test('the description for people names every route with its effect, retries and stages', async () => {
  using project = projectWith(SHOP_PROJECT)
  const { out } = await project.spaceship(['describe'])
  const lines = out.split('\n').map((line) => line.replace(/ {2,}/g, ' | '))
  expect(lines).toContain('order | shop | pk + sk | {"type":"order"}')
  expect(lines).toContain('nag | order')
  expect(lines).toContain(
    'shop/nag-later | order.created | idempotent | 4, after 1 s to 1 m | dead-letter | handler | schedules nag',
  )
  expect(lines).toContain('shop/count | every 5 m | journal | 4, after 1 s to 1 m | dead-letter | handler')
})

test('the map leads from rows, events, reminders and the clock over routes to what they touch', async () => {
  using project = projectWith(SHOP_PROJECT)
  const { out } = await project.spaceship(['describe', '--mermaid'])
  expect(out).toMatchInlineSnapshot(`
    "flowchart LR
      route0["shop/nag-later"]
      entity0[("order in shop")]
      reminder0>"nag"]
      route1["shop/nag"]
      route2["shop/track"]
      event0>"parcel.shipped"]
      route3["shop/count"]
      clock0(("clock"))
      entity0 -- "order.created" --> route0
      route0 -. "schedules" .-> reminder0
      reminder0 --> route1
      event0 --> route2
      clock0 --> route3"
  `)
})

test('nobody is called, and no variable is needed that the config gives', async () => {
  const config = CONFIG.replace(
    'reactors: () => [greeter]',
    `variables: { TOKEN: 'local' },
     reactors: async ({ TOKEN, AWS_ENDPOINT_URL }) => {
       if (TOKEN !== 'local' || !AWS_ENDPOINT_URL?.endsWith(':9')) throw new Error('another world')
       return [greeter]
     }`,
  )
  using project = projectWith({ ...GOOD, 'spaceship.config.ts': config })
  expect((await project.spaceship(['describe', '--json'])).code).toBe(0)
})
