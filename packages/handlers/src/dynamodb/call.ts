/**
 * Owns what the answers of DynamoDB mean. Beside the table of `../aws/errors.ts`, which says it of all of AWS:
 *
 * | DynamoDB says                                  | is                                                              |
 * |------------------------------------------------|-----------------------------------------------------------------|
 * | `ValidationException`, of the table's keys     | set-up `not-found`: there is no table with such keys, and advice |
 * | any other `ValidationException`                | Permanent: the key or the value is not one that DynamoDB takes  |
 * | `ItemCollectionSizeLimitExceededException`     | Permanent                                                       |
 * | `ConditionalCheckFailedException`              | the adapter's own: somebody else was first                      |
 */

import { codeOf, Unavailable } from '@spaceship/core'
import { type About, classified, nameOf } from '../aws/index.ts'

export type Operation =
  | 'GetItem'
  | 'PutItem'
  | 'DeleteItem'
  | 'Query'
  | 'Scan'
  | 'PartiQLInsert'
  | 'PartiQLUpdate'
  | 'CreateTable'
  | 'DescribeTable'
  | 'DescribeTimeToLive'
  | 'UpdateTimeToLive'

/** What a request is about that needs these operations on a table. */
export function aboutTable(table: string, ...operations: readonly Operation[]): About {
  const actions = operations.map((operation) => `dynamodb:${operation}`)
  return { dependency: 'dynamodb', resource: `table '${table}'`, actions }
}

/** Awaits a request to DynamoDB. @throws Unavailable for an outage or a wrong set-up, Permanent for a mistake in the request */
export async function answered<T>(about: About, request: Promise<T>): Promise<T> {
  try {
    return await request
  } catch (error) {
    throw classified(about, error)
  }
}

/** What DynamoDB says of a key that is not made as the table's are. */
const OTHER_KEYS =
  /key element does not match|required keys was not given|number of conditions on the keys|missing the key|missed key schema|key condition not supported|type mismatch for key/i

/**
 * What is told of a table whose keys have other names, types or another number: that there is no such table.
 *
 * @param error what DynamoDB answered, or what was made of it
 * @returns undefined if it speaks of something else
 */
export function keyedOtherwise(
  { table, keys, advice }: { readonly table: string; readonly keys: string; readonly advice: string },
  error: unknown,
): Unavailable | undefined {
  if (nameOf(error) !== 'ValidationException') return undefined
  const answer = codeOf(error) === 'permanent' ? Object(error).cause : error
  if (!OTHER_KEYS.test(String(Object(answer).message))) return undefined
  const setup = { reason: 'not-found', resource: `table '${table}'`, advice } as const
  const message = `the table '${table}' is not keyed by ${keys}: ${advice}`
  return new Unavailable('dynamodb', message, { cause: answer, setup })
}

/** Awaits a request to a table that is keyed as its options say. @throws as {@link answered} */
export function createAnswered(table: string, sorted: boolean) {
  return async <T>(operation: Operation, request: Promise<T>): Promise<T> => {
    try {
      return await answered(aboutTable(table, operation), request)
    } catch (error) {
      const advice = sorted
        ? "leave 'sorted' out, or give a table with the sort key 'sort', which createStateTable makes"
        : "pass 'sorted: true' if it has the sort key 'sort', or give a table with 'key' alone"
      const keys = sorted ? "'key' and 'sort'" : "'key' alone"
      throw keyedOtherwise({ table, keys, advice }, error) ?? error
    }
  }
}
