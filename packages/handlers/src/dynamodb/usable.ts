/**
 * Owns the question whether a table can be used, asked once at the start of a process. A table is made only where that is asked for, or on
 * the embedded spaceship; elsewhere it belongs to an infrastructure, and one that is missing is more often a name that is misspelt.
 *
 * ```
 *  probe ──┬─ answered ──┬─ `create` ─────────────────────────> complete the table, whose maker may have come half the way
 *          │             └─ else ─────────────────────────────> usable
 *          ├─ not found ──┬─ `create`, or the embedded ship ───> make the table ─> probe again
 *          │              └─ else ────────────────────────────> set-up `not-found`, with the nearest name that there is
 *          └─ anything else ──────────────────────────────────> as it came
 * ```
 */

import { type DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb'
import { Unavailable } from '@spaceship/core'
import { nearestName, setUpOf } from '@spaceship/core/adapter'
import { isOfEmbeddedShip, nameOf } from '../aws/index.ts'

export interface Usable {
  readonly client: DynamoDBClient
  readonly table: string
  /** Makes a table that is missing. @default on the embedded spaceship only */
  readonly create: boolean | undefined
  /** How a caller asks for that, for the advice: `'create: true'`. */
  readonly flag: string
  /** Asks for everything that is needed, and leaves nothing behind. */
  readonly probe: () => Promise<void>
  readonly make: () => Promise<void>
  /** What a table needs beside being there; asked only with `create: true`. Tells what it changed, in words. */
  readonly complete?: () => Promise<string | undefined>
}

/** @returns what was made or changed, in words; undefined if nothing was. @throws Unavailable, with `setup` for what somebody has to mend */
export async function ensureUsable({
  client,
  table,
  create,
  flag,
  probe,
  make,
  complete,
}: Usable): Promise<string | undefined> {
  try {
    await probe()
  } catch (error) {
    if (setUpOf(error)?.reason !== 'not-found' || nameOf(error) !== 'ResourceNotFoundException') throw error
    if (!(create ?? isOfEmbeddedShip(error))) throw await missing(client, table, flag, error)
    await make()
    await probe()
    return `the table '${table}' was missing, and has been made`
  }
  return create === true ? complete?.() : undefined
}

async function missing(
  client: DynamoDBClient,
  table: string,
  flag: string,
  cause: unknown,
): Promise<Unavailable> {
  const nearest = nearestName(table, await namesIn(client))
  const known = nearest === undefined ? '' : ` (the nearest name there is '${nearest}')`
  const advice = `it is not in the account and Region of the client${known}: correct the name, create the table, or pass ${flag}`
  const setup = { reason: 'not-found', resource: `table '${table}'`, advice } as const
  return new Unavailable('dynamodb', `the table '${table}' does not exist: ${advice}`, { cause, setup })
}

/** None if they may not be listed: the names are a help, not a need. */
async function namesIn(client: DynamoDBClient): Promise<readonly string[]> {
  try {
    return (await client.send(new ListTablesCommand({}))).TableNames ?? []
  } catch {
    return []
  }
}
