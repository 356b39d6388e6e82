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

/** Whether an error of DynamoDB, or one that was made of it, says that a table has keys of other names, types or number. */
export function isOfOtherKeys(error: unknown): boolean {
  if (nameOf(error) !== 'ValidationException') return false
  return OTHER_KEYS.test(String(Object(codeOf(error) === 'permanent' ? Object(error).cause : error).message))
}

/** Awaits a request to a table that is keyed as its options say. @throws as {@link answered} */
export function createAnswered(table: string, sorted: boolean) {
  return async <T>(operation: Operation, request: Promise<T>): Promise<T> => {
    try {
      return await answered(aboutTable(table, operation), request)
    } catch (error) {
      if (!isOfOtherKeys(error)) throw error
      const advice = sorted
        ? "leave 'sorted' out, or give a table with the sort key 'sort', which createStateTable makes"
        : "pass 'sorted: true' if it has the sort key 'sort', or give a table with 'key' alone"
      throw keyedOtherwise({ table, keys: sorted ? "'key' and 'sort'" : "'key' alone", advice }, error)
    }
  }
}

/** What is told of a table whose keys are others: that there is no such table. */
export function keyedOtherwise(
  { table, keys, advice }: { readonly table: string; readonly keys: string; readonly advice: string },
  cause: unknown,
): Unavailable {
  const setup = { reason: 'not-found', resource: `table '${table}'`, advice } as const
  return new Unavailable('dynamodb', `the table '${table}' is not keyed by ${keys}: ${advice}`, {
    cause,
    setup,
  })
}
