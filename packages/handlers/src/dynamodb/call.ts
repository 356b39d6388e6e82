import { classified } from '../aws/index.ts'

/** Awaits a request to DynamoDB. @throws Unavailable for an outage, what came for a mistake in the request */
export async function answered<T>(request: Promise<T>): Promise<T> {
  try {
    return await request
  } catch (error) {
    throw classified('dynamodb', error)
  }
}
