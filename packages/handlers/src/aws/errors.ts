/** Owns what an error of the AWS SDK means, for every adapter on AWS. */

import { Unavailable } from '@spaceship/core'

/** An outage also when its status says that the request was at fault: throttling, and a table or group yet to be created. */
const OUTAGES = new Set([
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'ResourceNotFoundException',
  'ThrottlingException',
  'TimeoutError',
  'TooManyRequestsException',
  'TransactionConflictException',
])

/** The name that the AWS SDK gives an error: what its documentation lists. */
export function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : 'unknown'
}

/** An outage as `Unavailable`, a mistake in the request as it came. */
export function classified(dependency: string, cause: unknown): unknown {
  const { $fault, $metadata, $response, code } = Object(cause)
  // No answer at all: connection refused, reset, name not resolved.
  const silent =
    typeof code === 'string' && $metadata?.httpStatusCode === undefined && $response === undefined
  if (!silent && $fault !== 'server' && !OUTAGES.has(nameOf(cause))) return cause
  return new Unavailable(dependency, `${dependency} is unavailable: ${nameOf(cause)}`, { cause })
}
