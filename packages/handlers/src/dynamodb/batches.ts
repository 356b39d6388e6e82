/**
 * Owns the writes that go out together: as one BatchExecuteStatement, each a statement with its own condition and its own
 * answer. What a statement's answer does not settle is asked alone, by the conditional request that knows every case.
 *
 * | the statement's answer                          | what the write answers                                            |
 * |-------------------------------------------------|-------------------------------------------------------------------|
 * | no error                                        | it is written                                                     |
 * | ConditionalCheckFailed, with the item           | it lost to that item, or is that item: the answer came twice      |
 * | throttled, in conflict, failed inside           | `Unavailable`; the write may be done or not, as with any outage   |
 * | AccessDenied, no table                          | `Unavailable` with a `setup` that names the actions or the table  |
 * | DuplicateItem, which comes without the item     | put into a batch again, as the write over an expired item         |
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
import { codeOf, Unavailable } from '@spaceship/core'
import type { Clock, SetResult } from '@spaceship/core/ports'
import { nameOf, ofName } from '../aws/index.ts'
import { aboutTable, answered } from './call.ts'
import { createGroups } from './groups.ts'
import { refusal, type Write } from './item.ts'
import type { ServiceClock } from './service-clock.ts'

/** What DynamoDB takes in one request. */
const LIMIT = 25
/** Characters. A request may have 16 MB, a character up to three bytes: there is ample room, and no long wait for a small one. */
const ROOM = 1_000_000
/** Milliseconds. */
const WINDOW = 2

export interface Batches {
  /** Undefined if the write has to be asked alone. */
  set(write: Write): Promise<SetResult | undefined>
}

export function createBatches({
  client,
  table,
  seconds,
  sleep,
  heard,
}: {
  readonly client: DynamoDBClient
  readonly table: string
  readonly seconds: () => number
  readonly sleep: Clock['sleep']
  readonly heard: ServiceClock['heard']
}): Batches {
  const about = aboutTable(table, 'PartiQLInsert', 'PartiQLUpdate')
  const join = createGroups({ limit: LIMIT, room: ROOM, window: WINDOW, sleep, send })

  async function send(all: readonly Asked[]): Promise<readonly BatchStatementResponse[]> {
    if (all.length === 1) return []
    const Statements = all.map((asked) => statementOf(table, asked, seconds()))
    try {
      const command = heard(new BatchExecuteStatementCommand({ Statements }))
      return (await answered(about, client.send(command))).Responses ?? []
    } catch (error) {
      if (nameOf(error) === 'ValidationException') return []
      throw nameOf(error) === 'AccessDeniedException' ? denied(table, Object(error).cause) : error
    }
  }

  async function ask(write: Write, over: Over): Promise<SetResult | undefined> {
    const { key, value, version } = write
    const response = await join({ key, size: key.length + value.length, write, over })
    if (response === undefined) return undefined
    const { Error: failure } = response
    if (failure === undefined) return { ok: true, version }
    const { Code: code = '', Item: there } = failure
    if (code === 'ConditionalCheckFailed' && there !== undefined) return refusal(write, there, seconds())
    if (code === 'DuplicateItem' && over === 'nothing') return ask(write, 'expired')
    const refused = ofName(about, code, failure)
    if (code === 'AccessDenied') throw denied(table, failure)
    if (codeOf(refused) === 'unavailable') throw refused
    return undefined
  }

  return { set: (write) => ask(write, write.expect === undefined ? 'nothing' : 'version') }
}

/** What a statement may write over: a version that is expected, or for absence nothing at first, then what has expired. */
type Over = 'nothing' | 'expired' | 'version'

interface Asked {
  readonly key: string
  readonly size: number
  readonly write: Write
  readonly over: Over
}

/** Values are parameters only; the table's name was checked to need no more than its quotes. */
function statementOf(table: string, { write, over }: Asked, now: number): BatchStatementRequest {
  const { value, version, expect = '', expiresAt } = write
  const { key = { S: '' }, sort } = write.primary
  const expiry = expiresAt === undefined ? [] : [{ N: expiresAt }]
  const member = sort === undefined ? [] : [sort]
  const returned = { ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } as const
  if (over === 'nothing') {
    const rest = `${expiresAt === undefined ? '' : `, 'expiresAt': ?`}${sort === undefined ? '' : `, 'sort': ?`}`
    return {
      Statement: `INSERT INTO "${table}" VALUE {'key': ?, 'value': ?, 'version': ?${rest}}`,
      Parameters: [key, { S: value }, { S: version }, ...expiry, ...member],
      ...returned,
    }
  }
  const change = `SET "value" = ? SET "version" = ? ${expiresAt === undefined ? 'REMOVE "expiresAt"' : 'SET "expiresAt" = ?'}`
  const [condition, expected] =
    over === 'expired'
      ? ['"expiresAt" <= ?', []]
      : ['"version" = ? AND ("expiresAt" IS MISSING OR "expiresAt" > ?)', [{ S: expect }]]
  return {
    Statement: `UPDATE "${table}" ${change} WHERE "key" = ?${sort === undefined ? '' : ' AND "sort" = ?'} AND ${condition}`,
    Parameters: [{ S: value }, { S: version }, ...expiry, key, ...member, ...expected, { N: String(now) }],
    ...returned,
  }
}

function denied(table: string, cause: unknown): Unavailable {
  const advice = `grant dynamodb:PartiQLInsert and dynamodb:PartiQLUpdate on the table '${table}', or leave 'batched' out`
  const setup = { reason: 'denied', resource: `table '${table}'`, advice } as const
  return new Unavailable('dynamodb', `writing in batches is not allowed: ${advice}`, { cause, setup })
}
