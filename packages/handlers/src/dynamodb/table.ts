import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { bare, check } from '@spaceship/core/adapter'
import { TABLE } from './item.ts'
import { ensureExpiry, makeTable } from './making.ts'
import { ensureUsable } from './usable.ts'

export const STATE_TABLE = { options: bare(TABLE) }

/**
 * Creates the table for state and dead letters if it is missing: for tests and first steps. In production it belongs to
 * your infrastructure: string partition key `key`, with `sorted` string sort key `sort`, on-demand, time to live on `expiresAt`.
 *
 * @param options.sorted gives it the sort key, which `dynamodbState` and `dynamodbDeadLetters` must be told. @default false
 * @throws ConfigurationError that lists every problem, Unavailable, with `setup` for an action that is not granted: CreateTable,
 *   DescribeTable, DescribeTimeToLive and UpdateTimeToLive
 */
export async function createStateTable(options: StateTable): Promise<void> {
  check('createStateTable', STATE_TABLE, { options })
  const { client, table, sorted = false } = options
  await makeTable({ client, table, keys: sorted ? ['key', 'sort'] : ['key'] })
  await ensureExpiry(client, table, EXPIRY)
}

export interface StateTable {
  readonly client: DynamoDBClient
  readonly table: string
  readonly sorted?: boolean
}

/** The attribute that says until when an item is there. */
const EXPIRY = 'expiresAt'

/** Asks whether a table for state or dead letters can be used; see {@link ensureUsable}. */
export function ensureStateTable({
  probe,
  create,
  ...stateTable
}: StateTable & {
  readonly create: boolean | undefined
  readonly probe: () => Promise<void>
}): Promise<string | undefined> {
  const { client, table } = stateTable
  return ensureUsable({
    client,
    table,
    create,
    flag: "'create: true'",
    probe,
    make: () => createStateTable(stateTable),
    complete: () => ensureExpiry(client, table, EXPIRY),
  })
}
