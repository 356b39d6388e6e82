/** Rows and events from a command line: what fits its schema reaches the stream, all else is refused with its place. */

import { afterEach, expect, test, vi } from 'vitest'
import { CLIENT, CONFIG, GOOD, projectWith } from './project.ts'
import { shipFor } from './ship.ts'

afterEach(() => void vi.unstubAllEnvs())

test('a row is put as JSON, from a file of any editor or from what is piped in, and removed by its key', async () => {
  using project = projectWith({ ...GOOD, 'globex.json': '\uFEFF{"id": "globex", "plan": "paid"}\r\n' })
  await using ship = await shipFor(project)
  const put = await project.spaceship(['put', 'client', '{"id": "acme", "plan": "trial", "seats": 3}'])
  expect(put).toEqual({ code: 0, out: 'put client acme in clients', err: '' })
  expect(await ship.row('clients', { id: 'acme' })).toEqual({ id: 'acme', plan: 'trial', seats: 3 })

  expect((await project.spaceship(['put', 'client', '@globex.json'])).code).toBe(0)
  const piped = await project.spaceship(
    ['put', 'client', '-', '--json'],
    '{"id": "initech", "plan": "trial"}',
  )
  expect(JSON.parse(piped.out)).toEqual({
    put: { entity: 'client', table: 'clients', key: { id: 'initech' } },
  })

  expect((await project.spaceship(['remove', 'client', 'acme'])).out).toBe('removed client acme in clients')
  expect(await ship.row('clients', { id: 'acme' })).toBeUndefined()
  expect((await ship.records()).map(({ eventName }) => eventName)).toEqual([
    'INSERT',
    'INSERT',
    'INSERT',
    'REMOVE',
  ])

  const gone = await project.spaceship(['remove', 'client', 'acme'])
  expect([gone.code, gone.err]).toEqual([1, expect.stringContaining('nothing was removed')])
})

test.each(['AWS_IGNORE_CONFIGURED_ENDPOINT_URLS', 'AWS_USE_FIPS_ENDPOINT', 'AWS_USE_DUALSTACK_ENDPOINT'])(
  'a row reaches the ship from a terminal with %s',
  async (name) => {
    using project = projectWith(GOOD)
    await using ship = await shipFor(project)
    vi.stubEnv(name, 'true')
    expect(await project.spaceship(['put', 'client', '{"id": "acme", "plan": "trial"}'])).toMatchObject({
      err: '',
    })
    expect(await ship.row('clients', { id: 'acme' })).toEqual({ id: 'acme', plan: 'trial' })
  },
)

test.each([
  [['put', 'clinet', '{}'], "did you mean 'client'?"],
  [['put', 'client'], `spaceship put client '{"id":"id-1","plan":"trial"}'`],
  [['put', 'client', '{"id": "acme"}'], 'plan:'],
  [['put', 'client', '{"id": "acme", "plan": "trial", "seats": 1.5}'], 'seats:'],
  [['put', 'client', "{id: 'acme'}"], 'is no JSON'],
  [['put', 'client', '["acme"]'], 'is a list: expected a JSON object'],
  [['put', 'client', '@none.json'], 'none.json cannot be read'],
  [
    ['put', 'client', '{"id": "acme", "plan": "trial", "seats": 9007199254740993}'],
    'which a double would change',
  ],
  [['remove', 'client', 'a', 'b'], "expected 1, for 'id'"],
  [['publish', 'invoice.payed', '{}'], "did you mean 'invoice.paid'?"],
  [['publish', 'invoice.paid'], `spaceship publish invoice.paid '{"clientId":"clientId-1","amount":1}'`],
  [['publish', 'invoice.paid', '{"clientId": "acme", "amount": "much"}'], 'amount:'],
  [['publish', 'invoice.paid', '{"clientId": "a", "amount": 1}', '--stream', 'other'], 'expected cdc'],
])('%j is refused, and nothing is written', async (args, why) => {
  using project = projectWith(GOOD)
  await using ship = await shipFor(project)
  const { code, err, out } = await project.spaceship(args)
  expect([code, out]).toEqual([2, ''])
  expect(err).toContain(why)
  expect(err).not.toMatch(/\n\s+at /)
  expect(await ship.records()).toEqual([])
})

test('an event is published as a service would publish it, under the id that is given', async () => {
  using project = projectWith(GOOD)
  await using ship = await shipFor(project)
  const payload = '{"clientId": "acme", "amount": 4200}'
  const { out } = await project.spaceship(['publish', 'invoice.paid', payload, '--id', 'invoice-7'])
  expect(out).toBe('published invoice.paid invoice-7 on cdc')
  expect(await ship.records()).toMatchObject([
    { specversion: '1.0', id: 'invoice-7', type: 'invoice.paid', data: { clientId: 'acme', amount: 4200 } },
  ])
})

test('a row whose key is a number is removed by all of its digits, and what is no number is refused', async () => {
  const numbered = CLIENT.replace("key: 'id',", "key: 'no', numbers: 'lossless',").replace(
    'z.object({ id: z.string(),',
    'z.object({ no: z.bigint(),',
  )
  const config = CONFIG.replace(
    "streams: ['cdc']",
    "streams: ['cdc'], tables: [{ name: 'clients', key: 'no', types: { no: 'N' } }]",
  )
  using project = projectWith({ ...GOOD, 'src/client.ts': numbered, 'spaceship.config.ts': config })
  await using ship = await shipFor(project, {
    tables: [{ name: 'clients', key: 'no', types: { no: 'N' }, stream: 'cdc' }],
  })
  for (const no of ['9007199254740992', '9007199254740993'])
    expect((await project.spaceship(['put', 'client', `{"no": ${no}, "plan": "trial"}`])).code).toBe(0)
  const { code, err } = await project.spaceship(['remove', 'client', 'seven'])
  expect([code, err]).toEqual([2, expect.stringContaining("'no' is 'seven': expected a number")])
  expect((await project.spaceship(['remove', 'client', '9007199254740993'])).code).toBe(0)
  const last = (await ship.records()).at(-1)
  expect(last).toMatchObject({ eventName: 'REMOVE', dynamodb: { Keys: { no: { N: '9007199254740993' } } } })
})

test('a table that the running ship does not have is named, without a stack trace', async () => {
  using project = projectWith(GOOD)
  await using _ = await shipFor(project, { tables: [] })
  const { code, err } = await project.spaceship(['put', 'client', '{"id": "acme", "plan": "trial"}'])
  expect([code, err]).toEqual([1, expect.stringContaining("table 'clients'")])
  expect(err).not.toMatch(/\n\s+at /)
})

test('a kind of a shared table must be that kind, and integers beyond a double stay what they are', async () => {
  const kinds = CLIENT.replace(
    "key: 'id',",
    "key: { partition: 'pk', sort: 'sk' }, when: { type: 'client' }, numbers: 'lossless',",
  )
    .replace(
      'z.object({ id: z.string(),',
      'z.object({ pk: z.string(), sk: z.string(), type: z.string(), big: z.bigint().optional(), seats: z.bigint().optional(),',
    )
    .replace(', seats: z.number().int().optional()', '')
  using project = projectWith({ ...GOOD, 'src/client.ts': kinds })
  const key = { partition: 'pk', sort: 'sk' }
  await using ship = await shipFor(project, { tables: [{ name: 'clients', key, stream: 'cdc' }] })
  const other = await project.spaceship([
    'put',
    'client',
    '{"pk": "a", "sk": "1", "type": "order", "plan": "trial"}',
  ])
  expect([other.code, other.err]).toEqual([2, expect.stringContaining(`whose 'type' is 'client'`)])
  const big = '{"pk": "a", "sk": "1", "type": "client", "plan": "trial", "big": 9007199254740993}'
  expect(await project.spaceship(['put', 'client', big])).toMatchObject({
    code: 0,
    out: 'put client a 1 in clients',
  })
  expect(await ship.records()).toMatchObject([{ dynamodb: { NewImage: { big: { N: '9007199254740993' } } } }])
  expect((await project.spaceship(['remove', 'client', 'a', '1'])).code).toBe(0)
})
