/** Rows of a table through a reactor, and an index made anew, from a command line. */

import { expect, test } from 'vitest'
import { CLIENT, projectWith } from './project.ts'
import { shipFor } from './ship.ts'

const INDEXING = `
import { reactor } from '@spaceship/core'
import type { Search } from '@spaceship/handlers/opensearch'
import { searchIndex } from '@spaceship/handlers/opensearch'
import { Client } from './client.ts'

const saved = Client.saved('client.saved')
export const clients = searchIndex('clients', Client)
export const indexing = (search: Search) =>
  reactor('indexing')
    .on('index', saved, search.index(clients))
    .on('unindex', Client.removed('client.left'), search.remove(clients))
    .on('tell', saved, () => {})
`

const CONFIG = `
import { Client } from '@opensearch-project/opensearch'
import { defineConfig, type Variables } from '@spaceship/cli'
import { createSearch } from '@spaceship/handlers/opensearch'
import { clients, indexing } from './src/indexing.ts'

const search = ({ SEARCH_URL: node }: Variables) => createSearch({ client: new Client({ node }) })
export default defineConfig({
  application: 'greeter',
  streams: ['cdc'],
  reactors: (variables) => [indexing(search(variables))],
  indices: (variables) => [search(variables).keeper(clients)],
})
`

const PROJECT = {
  'spaceship.config.ts': CONFIG,
  'src/client.ts': CLIENT,
  'src/indexing.ts': INDEXING,
}

const told = (out: string) => out.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]))

test('a table that was there before its reactor is brought in, and its index made anew', async () => {
  using project = projectWith(PROJECT)
  await using ship = await shipFor(project)
  const found = async () => {
    const answer = await fetch(`${ship.environment.SEARCH_URL}/clients/_search?size=100`)
    const { hits } = (await answer.json()) as { hits: { hits: readonly { _id: string }[] } }
    return hits.hits.map(({ _id }) => _id).sort()
  }
  for (const id of ['a', 'b', 'c'])
    expect(await project.spaceship(['put', 'client', JSON.stringify({ id, plan: 'trial' })])).toMatchObject({
      code: 0,
    })

  const dry = await project.spaceship(['backfill', '--reactor', 'indexing', '--dry-run', '--json'])
  expect(dry).toMatchObject({ code: 0 })
  expect(told(dry.out)).toMatchObject([
    { message: 'backfill would be asked for', details: { table: 'clients', routes: ['index'] } },
  ])
  const filled = await project.spaceship(['backfill', '--reactor', 'indexing', '--units', '1000', '--json'])
  expect(filled).toMatchObject({ code: 0 })
  expect(told(filled.out).at(-1)).toMatchObject({ rows: 3, complete: true, deadLetters: 0 })
  expect(await found()).toEqual(['a', 'b', 'c'])
  // It is over: the same command does nothing more.
  const again = await project.spaceship(['backfill', '--reactor', 'indexing', '--json'])
  expect(told(again.out).at(-1)).toMatchObject({ rows: 3, pages: 0, complete: true })

  const [first] = told(
    (await project.spaceship(['rebuild', '--index', 'clients', '--list', '--json'])).out,
  )[0]
  const rebuilt = await project.spaceship(['rebuild', '--index', 'clients', '--json'])
  expect(rebuilt).toMatchObject({ code: 0 })
  const second = `${first.version}-2`
  expect(told(rebuilt.out).at(-1)).toMatchObject({ version: second, rows: 3, comparison: { counts: [3, 3] } })
  expect(await found()).toEqual(['a', 'b', 'c'])
  const listed = await project.spaceship(['rebuild', '--index', 'clients', '--list'])
  expect(listed.out).toMatch(new RegExp(`${first.version} +no +yes +yes\\n.*${second} +yes +yes +yes`))
  expect(await project.spaceship(['rebuild', '--index', 'clients', '--show', first.version])).toMatchObject({
    code: 0,
  })
  expect(await project.spaceship(['rebuild', '--index', 'clients', '--show', 'nope'])).toMatchObject({
    code: 2,
    err: expect.stringContaining(`expected ${first.version}, ${second}`),
  })
  expect(await project.spaceship(['rebuild', '--index', 'clients', '--remove-old'])).toMatchObject({
    code: 0,
  })
  expect(
    told((await project.spaceship(['rebuild', '--index', 'clients', '--list', '--json'])).out)[0],
  ).toMatchObject([{ version: first.version, live: true }])
  expect(await found()).toEqual(['a', 'b', 'c'])
}, 60_000)

test('what makes no sense is refused, with what would', async () => {
  using project = projectWith(PROJECT)
  await using _ = await shipFor(project)
  for (const [args, message] of [
    [['backfill', '--reactor', 'nobody'], "no reactor is called 'nobody': expected indexing"],
    [['backfill', '--reactor', 'indexing', '--route', 'indx'], "did you mean 'index'?"],
    [['backfill', '--reactor', 'indexing', '--segments', '0'], "--segments is '0'"],
    [['backfill'], "required option '--reactor <name>'"],
    [['rebuild', '--index', 'orders'], "the config names no index 'orders': expected clients"],
  ] as const)
    expect(await project.spaceship(args)).toMatchObject({ code: 2, err: expect.stringContaining(message) })
})
