/** Emulators that many spaceships share: they share threads, and nothing else. */

import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { DynamoDBClient, ListTablesCommand, PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb'
import { ListStreamsCommand } from '@aws-sdk/client-kinesis'
import { expect, test } from 'vitest'
import { fly } from '../../test/ship.ts'
import { createEmulators } from './index.ts'

const tables = [{ name: 'clients', key: 'id', stream: 'cdc' }] as const
const put = (id: string) => new PutItemCommand({ TableName: 'clients', Item: { id: { S: id } } })

test('ships that share emulators have tables, streams and rows of their own, side by side and one after another', async () => {
  await using emulators = createEmulators()
  await using first = await fly({ emulators, tables })
  await first.dynamodb.send(put('a'))
  {
    await using second = await fly({ emulators, tables: [{ name: 'orders', key: 'id' }], streams: ['other'] })
    expect((await second.dynamodb.send(new ListTablesCommand({}))).TableNames).toEqual(['orders'])
    expect((await second.kinesis.send(new ListStreamsCommand({}))).StreamNames).toEqual(['other'])
  }
  await using third = await fly({ emulators, tables })
  expect((await third.dynamodb.send(new ScanCommand({ TableName: 'clients' }))).Items).toEqual([])
  await first.dynamodb.send(put('b'))
  expect((await first.changesOf('cdc')).map(({ dynamodb }) => dynamodb.Keys.id?.S)).toEqual(['a', 'b'])
})

test('a thread that is gone costs the ships that had it, and none that comes later', async () => {
  await using emulators = createEmulators()
  await using before = await fly({ emulators, tables })
  await emulators.threadOf('dynalite').terminate()
  const once = new DynamoDBClient({ ...before.ship.clientConfig('dynamodb'), maxAttempts: 1 })
  await expect(once.send(put('b'))).rejects.toThrow()
  once.destroy()
  await using after = await fly({ emulators, tables })
  await after.dynamodb.send(put('c'))
  expect((await after.dynamodb.send(new ScanCommand({ TableName: 'clients' }))).Count).toBe(1)
})

test('emulators keep no process from its end, and a ship that is closed twice ends once', async () => {
  const program = `
    import { createEmulators, launch } from '@spaceship/local'
    const ship = await launch({ emulators: createEmulators(), streams: ['cdc'] })
    await Promise.all([ship.close(), ship.close()])
    console.log('closed')
  `
  const flags = ['--conditions=@spaceship/source', '--eval', program]
  const cwd = fileURLToPath(new URL('../..', import.meta.url))
  const { stdout, status } = spawnSync(process.execPath, flags, { cwd, encoding: 'utf8', timeout: 20_000 })
  expect([stdout, status]).toEqual(['closed\n', 0])
})

test.each(['module', 'commonjs'])('a program of text is launched from, too: --input-type=%s', (type) => {
  const program = `
    import('@spaceship/local').then(async ({ launch }) => {
      const ship = await launch({ streams: ['cdc'] })
      await ship.close()
      console.log('closed')
    })
  `
  const flags = ['--conditions=@spaceship/source', `--input-type=${type}`, '--eval', program]
  const cwd = fileURLToPath(new URL('../..', import.meta.url))
  const { stdout, stderr, status } = spawnSync(process.execPath, flags, {
    cwd,
    encoding: 'utf8',
    timeout: 20_000,
  })
  expect([stdout, status], stderr).toEqual(['closed\n', 0])
})
