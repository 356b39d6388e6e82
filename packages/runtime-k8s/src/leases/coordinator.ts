/**
 * Owns the look at the table in which KCL 3.0 to 3.4 says that its fleet has moved on from 2.x: it keeps that beside the lease table, where leases
 * stay alone. One late read, since KCL's own workers look once a minute.
 *
 * | the table                                                        | the fleet                             |
 * |------------------------------------------------------------------|---------------------------------------|
 * | does not exist, or has other keys than KCL's                     | has moved on to nothing there         |
 * | has no `Migration3.0`, or one at `CLIENT_VERSION_2X`             | the same                              |
 * | has `Migration3.0` at anything else                              | is beyond 2.x                         |
 * | may not be read                                                  | nobody can tell: a set-up to mend     |
 */

import { type DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb'
import { Unavailable } from '@spaceship/core'
import { setUpOf } from '@spaceship/core/adapter'
import { classified, nameOf } from '@spaceship/handlers/aws'
import { keyedOtherwise } from '@spaceship/handlers/dynamodb'
import type { Item } from './lease.ts'
import { MIGRATION, migratedTo } from './moved-on.ts'

/** No table has a longer name. */
const LONGEST = 255

/**
 * What shows that the fleet has moved on, in words; undefined if nothing does.
 *
 * @throws Unavailable with `setup` where the table may not be read
 */
export async function coordinatorState(client: DynamoDBClient, table: string): Promise<string | undefined> {
  const version = table.length > LONGEST ? undefined : migratedTo(await migrationIn(client, table))
  return version && `'${MIGRATION}' in the table '${table}' is at '${version}'`
}

async function migrationIn(client: DynamoDBClient, table: string): Promise<Item | undefined> {
  try {
    const command = new GetItemCommand({ TableName: table, Key: { key: { S: MIGRATION } } })
    return (await client.send(command)).Item
  } catch (error) {
    if (nameOf(error) === 'ResourceNotFoundException') return undefined
    const resource = `table '${table}'`
    const meaning = classified({ dependency: 'dynamodb', resource, actions: ['dynamodb:GetItem'] }, error)
    if (keyedOtherwise({ table, keys: "'key' alone", advice: '' }, meaning) !== undefined) return undefined
    throw denied(meaning) ?? meaning
  }
}

/** Who has no such table is asked for the grant as well: AWS refuses before it looks. */
function denied(error: unknown): Unavailable | undefined {
  const setup = setUpOf(error)
  if (setup?.reason !== 'denied') return undefined
  const advice = `${setup.advice}: KCL 3.0 to 3.4 says there that its fleet has moved on, and a worker with 'migrate' looks there, whether or not the table exists`
  const message = `dynamodb refused the request (${nameOf(error)}): ${advice}`
  return new Unavailable('dynamodb', message, { cause: Object(error).cause, setup: { ...setup, advice } })
}
