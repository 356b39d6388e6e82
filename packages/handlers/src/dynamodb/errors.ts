import { Unavailable } from '@spaceship/core'

const OUTAGES = new Set([
  'ProvisionedThroughputExceededException',
  'ThrottlingException',
  'RequestLimitExceeded',
  'InternalServerError',
  'ServiceUnavailable',
  'TransactionConflictException',
  'TimeoutError',
  'ResourceNotFoundException',
])

/** Tells an outage (throttling, no answer, a missing table) from a mistake in the request. */
export async function classified<T>(call: Promise<T>): Promise<T> {
  try {
    return await call
  } catch (cause) {
    throw isOutage(cause)
      ? new Unavailable('dynamodb', `DynamoDB is unavailable: ${nameOf(cause)}`, { cause })
      : cause
  }
}

function isOutage(error: unknown): boolean {
  const { $fault, $response, code, $metadata } = Object(error)
  // No answer at all: connection refused, reset, name not resolved.
  if (typeof code === 'string' && $metadata?.httpStatusCode === undefined && $response === undefined)
    return true
  return $fault === 'server' || OUTAGES.has(nameOf(error))
}

export function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : 'unknown'
}
