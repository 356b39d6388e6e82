/**
 * Owns the writes that go out together: as one BatchExecuteStatement, each a statement with its own condition and its own
 * answer. What a statement's answer does not settle is asked alone, by the conditional request that knows every case.
 *
 * | the statement's answer                          | what the write answers                                            |
 * |-------------------------------------------------|-------------------------------------------------------------------|
 * | no error                                        | it is written                                                     |
 * | ConditionalCheckFailed, with the item           | it lost to that item, or is that item: the answer came twice      |
 * | throttled, in conflict, failed inside, no table | `Unavailable`; the write may be done or not, as with any outage   |
 * | AccessDenied                                    | an error that names the missing actions                           |
 * | DuplicateItem, which may be an expired one      | asked alone                                                       |
 * | anything else, or no answer at all              | asked alone                                                       |
 *
 * A request that fails as a whole fails for each of its writes, but for a ValidationException: one write that DynamoDB cannot
 * read makes it refuse all of them before it wrote any. Asked alone, that one is refused and the others are not.
 */

import {
  BatchExecuteStatementCommand,
  type BatchStatementRequest,
  type BatchStatementResponse,
  type DynamoDBClient,
} from '@aws-sdk/client-dynamodb'
import { SpaceshipError, Unavailable } from '@spaceship/core'
import type { Clock, SetResult } from '@spaceship/core/ports'
import { nameOf } from '../aws/index.ts'
import { answered } from './call.ts'
import { createGroups } from './groups.ts'
import { refusal, type Write } from './item.ts'

/** What DynamoDB takes in one request. */
const LIMIT = 25
/** Characters. A request may have 16 MB, a character up to three bytes: there is ample room, and no long wait for a small one. */
const ROOM = 1_000_000
/** Milliseconds. */
const WINDOW = 2

/** The codes of a statement that are outages, under names of their own: see `../aws/errors.ts` for those of requests. */
const OUTAGES = new Set([
  'InternalServerError',
  'ProvisionedThroughputExceeded',
  'RequestLimitExceeded',
  'ResourceNotFound',
  'ThrottlingError',
  'TransactionConflict',
])

export interface Batches {
  /** Undefined if the write has to be asked alone. */
  set(write: Write): Promise<SetResult | undefined>
}

export function createBatches({
  client,
  table,
  seconds,
  sleep,
}: {
  readonly client: DynamoDBClient
  readonly table: string
  readonly seconds: () => number
  readonly sleep: Clock['sleep']
}): Batches {
  const join = createGroups({ limit: LIMIT, room: ROOM, window: WINDOW, sleep, send })

  async function send(writes: readonly Sized[]): Promise<readonly BatchStatementResponse[]> {
    if (writes.length === 1) return []
    const Statements = writes.map(({ write }) => statementOf(table, write, seconds()))
    try {
      return (await answered(client.send(new BatchExecuteStatementCommand({ Statements })))).Responses ?? []
    } catch (error) {
      if (nameOf(error) === 'ValidationException') return []
      throw nameOf(error) === 'AccessDeniedException' ? denied(table, error) : error
    }
  }

  return {
    set: async (write) => {
      const { key, value } = write
      const response = await join({ key, size: key.length + value.length, write })
      if (response === undefined) return undefined
      const { Error: failure } = response
      if (failure === undefined) return { ok: true, version: write.version }
      const { Code: code = '', Item: there } = failure
      if (code === 'ConditionalCheckFailed' && there !== undefined) return refusal(write, there, seconds())
      if (OUTAGES.has(code))
        throw new Unavailable('dynamodb', `dynamodb is unavailable: ${code}`, { cause: failure })
      if (code === 'AccessDenied') throw denied(table, failure)
      return undefined
    },
  }
}

interface Sized {
  readonly key: string
  readonly size: number
  readonly write: Write
}

/** Values are parameters only; the table's name was checked to need no more than its quotes. */
function statementOf(table: string, write: Write, now: number): BatchStatementRequest {
  const { key, value, version, expect, expiresAt } = write
  const expiry = expiresAt === undefined ? [] : [{ N: expiresAt }]
  const returned = { ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } as const
  if (expect === undefined) {
    const rest = expiresAt === undefined ? '' : `, 'expiresAt': ?`
    return {
      Statement: `INSERT INTO "${table}" VALUE {'key': ?, 'value': ?, 'version': ?${rest}}`,
      Parameters: [{ S: key }, { S: value }, { S: version }, ...expiry],
      ...returned,
    }
  }
  const change = expiresAt === undefined ? 'REMOVE "expiresAt"' : 'SET "expiresAt" = ?'
  const condition = '"key" = ? AND "version" = ? AND ("expiresAt" IS MISSING OR "expiresAt" > ?)'
  return {
    Statement: `UPDATE "${table}" SET "value" = ? SET "version" = ? ${change} WHERE ${condition}`,
    Parameters: [{ S: value }, { S: version }, ...expiry, { S: key }, { S: expect }, { N: String(now) }],
    ...returned,
  }
}

function denied(table: string, cause: unknown): SpaceshipError {
  const message = `writing in batches is not allowed: grant dynamodb:PartiQLInsert and dynamodb:PartiQLUpdate on the table '${table}', or leave 'batched' out`
  return new SpaceshipError('access', message, { cause })
}
