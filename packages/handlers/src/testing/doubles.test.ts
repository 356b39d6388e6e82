import { Client } from '@opensearch-project/opensearch'
import { launch, type Spaceship } from '@spaceship/local'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { emulators } from '../../../local/test/emulators.ts'
import { searchSuite } from '../../test/search-suite.ts'
import { slackSuite } from '../../test/slack-suite.ts'
import { createSearch, searchIndex } from '../opensearch/index.ts'
import { createSlack } from '../slack/index.ts'
import { memorySearch, memorySlack } from './index.ts'

let ship: Spaceship
let client: Client
beforeAll(async () => {
  ship = await launch({ emulators })
  client = new Client({ node: ship.endpoints.search, maxRetries: 0 })
})
afterEach(async () => {
  ship.slack.clear()
  await client.indices.delete({ index: '_all' })
})
afterAll(async () => {
  await client.close()
  await ship.close()
})

describe('createSlack', () => {
  slackSuite((options) => ({
    slack: createSlack({ token: 'xoxb-1', apiUrl: ship.slack.apiUrl, ...options }),
    arrived: () => ship.slack.messages.map(({ channel, text }) => ({ channel, text })),
  }))
})

describe('memorySlack', () => {
  slackSuite((options) => {
    const slack = memorySlack(options)
    return { slack, arrived: () => slack.sent }
  })

  test('fails as it is told, once for each', async () => {
    const slack = memorySlack()
    slack.fail(new Error('down'))
    await expect(slack.post({ channel: '#a', text: 'x' })).rejects.toThrow('down')
    await slack.post({ channel: '#a', text: 'x' })
    expect(slack.sent).toHaveLength(1)
  })
})

describe('createSearch', () => {
  searchSuite(async () => createSearch({ client }))
})

describe('memorySearch', () => {
  searchSuite(async () => memorySearch())

  test('says what it does not know', async () => {
    const search = memorySearch()
    await expect(search.count('logs-*', { fuzzy: { name: 'acme' } })).rejects.toMatchObject({
      code: 'query',
      message: expect.stringContaining("'fuzzy'"),
    })
  })

  test('says of a range over a text what to ask for, and not that nobody answers', async () => {
    const search = memorySearch()
    const write = search.index({ index: 'docs', id: () => 'a', document: () => ({ name: 'Acme' }) })
    // Safe: the handler uses the version of the event, and the signal of the context.
    await write({ version: { min: 1, max: 1 } } as never, { signal: new AbortController().signal } as never)
    await expect(search.count('docs', { range: { name: { gt: 'a' } } })).rejects.toMatchObject({
      code: 'query',
      message: expect.stringContaining('name.keyword'),
    })
  })

  test('removes a version of an index that is not searched, and no other', async () => {
    const index = searchIndex('clients', z.object({ n: z.number() }))
    const keeper = memorySearch().keeper(index)
    await keeper.make('aaaaaaaa')
    await keeper.show('aaaaaaaa')
    await keeper.make('bbbbbbbb')
    await expect(keeper.remove('aaaaaaaa')).rejects.toMatchObject({ code: 'index-searched' })
    await keeper.remove('bbbbbbbb')
    await keeper.remove('bbbbbbbb')
    expect(await keeper.list()).toMatchObject([{ version: 'aaaaaaaa', live: true }])
  })

  test('shows its documents', async () => {
    expect(memorySearch().documents('nowhere')).toEqual({})
  })
})
