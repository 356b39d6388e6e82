import {
  DeleteTableCommand,
  DescribeTimeToLiveCommand,
  PutItemCommand,
  ScanCommand,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb'
import { describe, expect, it, vi } from 'vitest'
import { fly } from '../../test/ship.ts'

const TableName = 'sessions'
const YEAR = 365 * 86_400
const now = 1_800_000_000

describe('time to live', () => {
  it('deletes what has expired, as the service, and leaves the rest', async () => {
    const table = { name: TableName, key: 'id', stream: 'cdc', timeToLive: 'until' }
    await using rig = await fly({ tables: [table] })
    const items = {
      expired: { N: String(now) },
      later: { N: String(now + 1) },
      ancient: { N: String(now - 6 * YEAR) },
      text: { S: String(now - 1) },
    }
    for (const [id, until] of Object.entries(items)) {
      await rig.dynamodb.send(new PutItemCommand({ TableName, Item: { id: { S: id }, until } }))
    }
    expect(await rig.ship.expire(now * 1_000)).toBe(1)
    expect(await rig.ship.expire(now * 1_000)).toBe(0)
    expect((await rig.dynamodb.send(new ScanCommand({ TableName }))).Count).toBe(3)
    const removed = (await rig.changesOf('cdc')).filter(({ eventName }) => eventName === 'REMOVE')
    expect(removed).toMatchObject([
      {
        userIdentity: { type: 'Service', principalId: 'dynamodb.amazonaws.com' },
        dynamodb: { OldImage: { id: { S: 'expired' } } },
      },
    ])
  })

  it('is switched, described and forgotten with its table', async () => {
    await using rig = await fly({ tables: [{ name: TableName, key: 'id' }] })
    const set = (Enabled: boolean, AttributeName = 'until') =>
      rig.dynamodb.send(
        new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification: { Enabled, AttributeName } }),
      )
    const status = async () =>
      (await rig.dynamodb.send(new DescribeTimeToLiveCommand({ TableName }))).TimeToLiveDescription
    expect(await status()).toEqual({ TimeToLiveStatus: 'DISABLED' })
    await set(true)
    expect(await status()).toEqual({ TimeToLiveStatus: 'ENABLED', AttributeName: 'until' })
    await expect(set(true)).rejects.toMatchObject({ name: 'ValidationException' })
    await set(false)
    await expect(set(true, '')).rejects.toMatchObject({ name: 'ValidationException' })
    await set(true)
    await rig.dynamodb.send(new DeleteTableCommand({ TableName }))
    // A table that is being deleted is still described.
    await vi.waitFor(
      async () => {
        await expect(status()).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
      },
      { timeout: 10_000 },
    )
    expect(await rig.ship.expire(now * 1_000)).toBe(0)
  })
})
