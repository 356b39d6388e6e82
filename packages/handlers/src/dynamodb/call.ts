import { SpaceshipError } from '@spaceship/core'
import { classified, nameOf } from '../aws/index.ts'

/** Awaits a request to DynamoDB. @throws Unavailable for an outage, what came for a mistake in the request */
export async function answered<T>(request: Promise<T>): Promise<T> {
  try {
    return await request
  } catch (error) {
    throw classified('dynamodb', error)
  }
}

/** What DynamoDB says of a key that is not made as the table's are. */
const OTHER_KEYS =
  /key element does not match|required keys was not given|number of conditions on the keys|missing the key|missed key schema|key condition not supported/i

/**
 * The same, of a request to a table that is keyed as its options say.
 *
 * @throws SpaceshipError `table` if it is keyed otherwise
 */
export function createAnswered(table: string, sorted: boolean): typeof answered {
  return async (request) => {
    try {
      return await answered(request)
    } catch (error) {
      if (nameOf(error) !== 'ValidationException' || !OTHER_KEYS.test(Object(error).message)) throw error
      const advice = sorted
        ? "leave 'sorted' out, or give a table with the sort key 'sort', which createStateTable makes"
        : "pass 'sorted: true' if it has the sort key 'sort', or give a table with 'key' alone"
      const keys = sorted ? "'key' and 'sort'" : "'key' alone"
      const message = `the table '${table}' is not keyed by ${keys}: ${advice}`
      throw new SpaceshipError('table', message, { cause: error })
    }
  }
}
