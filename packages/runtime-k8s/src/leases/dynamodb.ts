import { randomUUID } from 'node:crypto'
import {
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  ScanCommand,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb'
import { classified, nameOf } from '@spaceship/handlers/aws'
import { ensureUsable, keyedOtherwise, makeTable } from '@spaceship/handlers/dynamodb'
import { coordinatorState } from './coordinator.ts'
import {
  absolves,
  holderOf,
  type Item,
  isSwitch,
  isWrittenSince,
  itemOf,
  type Lease,
  leaseOf,
  SHARD_END,
  type Writer,
  writerOf,
} from './lease.ts'
import { scanOf } from './scan.ts'
import type { LeaseTable, Progress } from './table.ts'

interface Update {
  /** Whose it must still be. */
  readonly owner?: string | undefined
  /** Who must still have it: the owner, or, while KCL 3 hands it over, the one before. */
  readonly holder?: string | undefined
  readonly set: Readonly<Record<string, Item[string] | undefined>>
  readonly remove: readonly string[]
}

/** Writes of which each may meet one of the same worker whose answer was lost. */
const REPEATS = 3

/**
 * Leases in a DynamoDB table, as KCL keeps them. Grant Scan, GetItem, PutItem, UpdateItem and DeleteItem, and CreateTable and DescribeTable to who makes
 * it; and GetItem on the coordinator's table.
 */
export function dynamodbLeases({
  client,
  table,
  application,
  create,
  coordinator,
}: {
  readonly client: DynamoDBClient
  readonly table: string
  /** Whose leases are made and taken here. */
  readonly application: string
  /** Makes a table that is missing. @default on the embedded spaceship only */
  readonly create?: boolean | undefined
  /** The table in which a KCL fleet that shares this one may say that it has moved on. @default none is asked */
  readonly coordinator?: string | undefined
}): LeaseTable {
  const asked = createAsked(table)
  const elsewhere = async () =>
    coordinator === undefined ? undefined : coordinatorState(client, coordinator)

  async function item(key: string): Promise<Item | undefined> {
    const command = new GetItemCommand({
      TableName: table,
      Key: { leaseKey: { S: key } },
      ConsistentRead: true,
    })
    return (await asked('GetItem', client.send(command))).Item
  }

  async function all(ConsistentRead: boolean): Promise<readonly Item[]> {
    const items: Item[] = []
    let from: Item | undefined
    // Not the SDK's paginator, which takes clients of its own copy of the SDK only.
    do {
      const start = from === undefined ? {} : { ExclusiveStartKey: from }
      const command = new ScanCommand({ TableName: table, ConsistentRead, ...start })
      const page = await asked('Scan', client.send(command))
      items.push(...(page.Items ?? []))
      from = page.LastEvaluatedKey
    } while (from !== undefined)
    return items
  }

  /** Every update bumps the counter by one, on the condition that it is still the one that was seen. */
  async function update(lease: Lease, { owner, holder, set, remove }: Update): Promise<Lease | undefined> {
    const counter: Item[string] = { N: String(lease.counter + 1) }
    const changes = Object.entries({ ...set, leaseCounter: counter }).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value] as const],
    )
    const names = Object.fromEntries(
      [
        ...changes.map(([name]) => name),
        ...remove,
        ...['leaseCounter', ...(owner === undefined ? [] : ['leaseOwner'])],
        ...(holder === undefined ? [] : ['leaseOwner', 'checkpointOwner']),
      ].map((name) => [`#${name}`, name]),
    )
    const values: Item = {
      ...Object.fromEntries(changes.map(([name, value]) => [`:${name}`, value])),
      ...(owner === undefined ? {} : { ':owner': { S: owner } }),
      ...(holder === undefined ? {} : { ':holder': { S: holder } }),
    }
    const conditions = [
      '#leaseCounter = :seen',
      ...(owner === undefined ? [] : ['#leaseOwner = :owner']),
      ...(holder === undefined ? [] : ['(#leaseOwner = :holder OR #checkpointOwner = :holder)']),
    ]
    const removal = remove.length === 0 ? '' : ` REMOVE ${remove.map((name) => `#${name}`).join(', ')}`
    const command = new UpdateItemCommand({
      TableName: table,
      Key: { leaseKey: { S: lease.key } },
      ConditionExpression: conditions.join(' AND '),
      UpdateExpression: `SET ${changes.map(([name]) => `#${name} = :${name}`).join(', ')}${removal}`,
      ExpressionAttributeNames: names,
      ExpressionAttributeValues: { ...values, ':seen': { N: String(lease.counter) } },
      ReturnValues: 'ALL_NEW',
    })
    try {
      const { Attributes } = await asked('UpdateItem', client.send(command))
      return Attributes === undefined ? undefined : leaseOf(Attributes)
    } catch (error) {
      if (nameOf(error) !== 'ConditionalCheckFailedException') throw error
      return undefined
    }
  }

  /**
   * A write whose answer was lost makes the next one fail: a repeat by the client, or a later one of ours, which may say something else. What is
   * wanted is written on top of it. To take the earlier one for it would lose a checkpoint, and count the lease's life from too late a moment.
   *
   * @param by whose writes those were @param isHeld see `LeaseTable.renew`
   */
  async function ownUpdate(
    lease: Lease,
    by: Writer,
    change: Update,
    isHeld = () => true,
  ): Promise<Lease | undefined> {
    let seen = lease
    for (let left = REPEATS; left > 0; left -= 1) {
      const updated = await update(seen, change)
      if (updated !== undefined) return updated
      const row = await item(lease.key)
      const now = row && leaseOf(row)
      if (now === undefined || !isWrittenSince(seen, now, by) || !isHeld()) return undefined
      seen = now
    }
    return undefined
  }

  /** A row that somebody has deleted is made again with the counter 0, and may soon have the same one, and another owner. */
  function holderUpdate(
    lease: Lease,
    change: Update,
    isHeld: (() => boolean) | undefined,
  ): Promise<Lease | undefined> {
    return ownUpdate(lease, writerOf(lease), { ...change, holder: holderOf(lease) }, isHeld)
  }

  /** @returns whether its condition held */
  async function changed(input: Omit<UpdateItemCommandInput, 'TableName'>): Promise<boolean> {
    try {
      await asked('UpdateItem', client.send(new UpdateItemCommand({ TableName: table, ...input })))
      return true
    } catch (error) {
      if (nameOf(error) !== 'ConditionalCheckFailedException') throw error
      return false
    }
  }

  return {
    check: async () => {
      const flag = "'create: true'"
      const make = () => makeTable({ client, table, keys: ['leaseKey'] })
      const made = await ensureUsable({
        ...{ client, table, create, flag },
        ...{ probe: () => probe(client, table), make },
      })
      await elsewhere()
      return made
    },
    scan: async (how = 'strong') => scanOf(...(await Promise.all([all(how === 'strong'), elsewhere()]))),
    checkpointOf: async (key) => {
      const row = await item(key)
      return row && (row.checkpoint?.S ?? '')
    },
    create: async (lease) => {
      const command = new PutItemCommand({
        TableName: table,
        Item: itemOf(lease, application),
        ConditionExpression: 'attribute_not_exists(leaseKey)',
      })
      try {
        await asked('PutItem', client.send(command))
        return true
      } catch (error) {
        if (nameOf(error) !== 'ConditionalCheckFailedException') throw error
        return false
      }
    },
    remove: async ({ key }) => {
      const command = new DeleteItemCommand({
        TableName: table,
        Key: { leaseKey: { S: key } },
        ConditionExpression: 'checkpoint = :end',
        ExpressionAttributeValues: { ':end': { S: SHARD_END } },
      })
      try {
        await asked('DeleteItem', client.send(command))
      } catch (error) {
        if (nameOf(error) !== 'ConditionalCheckFailedException') throw error
      }
    },
    renew: (lease, isHeld) => holderUpdate(lease, { set: {}, remove: [] }, isHeld),
    take: (lease, owner, process, isAlive = false) => {
      const switched = !isAlive && isSwitch(lease, owner, process)
      const ownerSwitchesSinceCheckpoint = { N: String(lease.ownerSwitches + (switched ? 1 : 0)) }
      const set = {
        leaseOwner: { S: owner },
        spaceshipProcess: process === undefined ? undefined : { S: process },
        ownerSwitchesSinceCheckpoint,
        application: { S: application },
      }
      return ownUpdate(
        lease,
        { holder: owner, process },
        { set, remove: ['checkpointOwner', 'spaceshipWanted'] },
      )
    },
    ask: ({ key, owner = '' }, worker) =>
      changed({
        Key: { leaseKey: { S: key } },
        ConditionExpression: '#leaseOwner = :owner AND attribute_not_exists(#spaceshipWanted)',
        UpdateExpression: 'SET #spaceshipWanted = :worker',
        ExpressionAttributeNames: { '#leaseOwner': 'leaseOwner', '#spaceshipWanted': 'spaceshipWanted' },
        ExpressionAttributeValues: { ':owner': { S: owner }, ':worker': { S: worker } },
      }),
    withdraw: ({ key }, worker) =>
      changed({
        Key: { leaseKey: { S: key } },
        ConditionExpression: '#spaceshipWanted = :worker',
        UpdateExpression: 'REMOVE #spaceshipWanted',
        ExpressionAttributeNames: { '#spaceshipWanted': 'spaceshipWanted' },
        ExpressionAttributeValues: { ':worker': { S: worker } },
      }),
    checkpoint: (lease, progress, isHeld) => holderUpdate(lease, checkpointUpdate(lease, progress), isHeld),
    release: async (lease, charged = false) => {
      await update(lease, releaseUpdate(lease, charged))
    },
  }
}

/** Awaits a request, and says what its failure means. */
function createAsked(table: string) {
  return async <T>(action: string, request: Promise<T>): Promise<T> => {
    try {
      return await request
    } catch (error) {
      const about = { dependency: 'dynamodb', resource: `table '${table}'`, actions: [`dynamodb:${action}`] }
      throw classified(about, error)
    }
  }
}

/** Each action once: what is conditional on a lease that nobody has changes nothing. */
async function probe(client: DynamoDBClient, table: string): Promise<void> {
  const Key = { leaseKey: { S: `spaceship-check-${randomUUID()}` } }
  const condition = { ConditionExpression: 'attribute_exists(leaseKey)' }
  const asked = createAsked(table)
  const requests = {
    Scan: () => client.send(new ScanCommand({ TableName: table, ConsistentRead: true, Limit: 1 })),
    GetItem: () => client.send(new GetItemCommand({ TableName: table, Key, ConsistentRead: true })),
    PutItem: () => client.send(new PutItemCommand({ TableName: table, Item: Key, ...condition })),
    UpdateItem: () =>
      client.send(
        new UpdateItemCommand({ TableName: table, Key, UpdateExpression: 'REMOVE leaseOwner', ...condition }),
      ),
    DeleteItem: () => client.send(new DeleteItemCommand({ TableName: table, Key, ...condition })),
  }
  for (const [action, ask] of Object.entries<() => Promise<unknown>>(requests)) {
    try {
      await asked(action, ask())
    } catch (error) {
      if (nameOf(error) === 'ConditionalCheckFailedException') continue
      // The name may be nobody's choice: an application and the one table of its entities are often called alike.
      const advice = `this one holds something else: name another, such as leases: { table: '${table}-leases' }; without a name it is that of the application`
      const keys = "'leaseKey' alone"
      throw keyedOtherwise({ table, keys, advice }, error) ?? error
    }
  }
}

function releaseUpdate({ owner, checkpointOwner, ownerSwitches }: Lease, charged: boolean): Update {
  const isHandedOver = checkpointOwner !== undefined
  const ownerSwitchesSinceCheckpoint = { N: String(ownerSwitches + 1) }
  return {
    owner,
    set: charged || isHandedOver ? { ownerSwitchesSinceCheckpoint } : {},
    remove: [
      ...[isHandedOver ? 'checkpointOwner' : 'leaseOwner', 'spaceshipProcess'],
      ...(charged ? ['spaceshipWanted'] : []),
    ],
  }
}

function checkpointUpdate(
  lease: Lease,
  { checkpoint, journal, first, isDone, children = [] }: Progress,
): Update {
  return {
    set: {
      checkpoint: { S: checkpoint.sequence },
      checkpointSubSequenceNumber: { N: String(checkpoint.subSequence) },
      ownerSwitchesSinceCheckpoint: absolves(lease, checkpoint, isDone) ? { N: '0' } : undefined,
      spaceshipJournal: journal === undefined ? undefined : { S: journal },
      spaceshipJournalAt: journal === undefined ? undefined : { S: checkpoint.sequence },
      spaceshipFirst: first === undefined ? undefined : { S: first },
      childShardIds: children.length === 0 ? undefined : { SS: [...children] },
    },
    remove: [
      'pendingCheckpoint',
      'pendingCheckpointSubSequenceNumber',
      'pendingCheckpointState',
      ...(journal === undefined ? ['spaceshipJournal', 'spaceshipJournalAt'] : []),
      ...(first === undefined ? ['spaceshipFirst'] : []),
    ],
  }
}
