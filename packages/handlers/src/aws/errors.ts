/**
 * Owns what an error of the AWS SDK means, for every adapter on AWS.
 *
 * | what the SDK throws                                                     | is                                              |
 * |-------------------------------------------------------------------------|-------------------------------------------------|
 * | access denied                                                           | set-up `denied`: which action to grant          |
 * | no credentials; unknown, expired or badly signed ones                   | set-up `denied`: whose credentials to mend      |
 * | a key of KMS that is missing, off or not to be used                     | set-up `denied`: which key to look at           |
 * | `ResourceNotFoundException`                                             | set-up `not-found`: what to create              |
 * | `UnknownOperationException`                                             | set-up `unknown-operation`: where to look       |
 * | throttling, quotas, time-outs, 5xx, what says that it is the server's   | an outage                                       |
 * | no answer: refused, reset, not resolved, a broken HTTP/2 session        | an outage                                       |
 * | `ValidationException` and the like, 413                                 | Permanent: the request's own fault              |
 * | anything else (a failed condition, an abort, a mistake of the program)  | passed on as it came                            |
 *
 * Whatever is made of an error has it as its cause, and shows its name, never its message: that may quote what was sent.
 */

import { codeOf, Permanent, Unavailable } from '@spaceship/core'
import type { SetUp } from '@spaceship/core/adapter'

/** What a request was about, for the advice that a wrong set-up gets. */
export interface About {
  /** The name of the dependency. */
  readonly dependency: string
  /** `table 'state'` */
  readonly resource: string
  /** The actions that the request needs: `dynamodb:PutItem`. */
  readonly actions: readonly string[]
}

type Meaning =
  | 'denied'
  | 'credentials'
  | 'encryption'
  | 'not-found'
  | 'unknown-operation'
  | 'outage'
  | 'request'

/** By the names of requests' errors, and the codes of single entries in an answer. */
const MEANINGS: ReadonlyMap<string, Meaning> = new Map(
  Object.entries({
    denied: 'AccessDenied AccessDeniedException NotAuthorized NotAuthorizedException UnauthorizedOperation',
    credentials:
      'CredentialsProviderError TokenProviderError CredentialsError UnrecognizedClientException InvalidClientTokenId ' +
      'InvalidAccessKeyId InvalidSignatureException SignatureDoesNotMatch IncompleteSignature IncompleteSignatureException ' +
      'MissingAuthenticationToken MissingAuthenticationTokenException ExpiredToken ExpiredTokenException RequestExpired ' +
      'OptInRequired SubscriptionRequiredException RequestTimeTooSkewed',
    encryption:
      'KMSAccessDeniedException KMSDisabledException KMSInvalidStateException KMSNotFoundException KMSOptInRequired',
    'not-found': 'ResourceNotFoundException ResourceNotFound',
    'unknown-operation': 'UnknownOperationException UnknownOperation InvalidAction',
    outage:
      'InternalFailure InternalFailureException InternalServerError InternalServerErrorException KMSThrottlingException ' +
      'LimitExceededException ProvisionedThroughputExceeded ProvisionedThroughputExceededException ' +
      'ReplicatedWriteConflictException RequestLimitExceeded RequestTimeout RequestTimeoutException ServiceQuotaExceededException ' +
      'ServiceUnavailable ServiceUnavailableException SlowDown Throttling ThrottlingError ThrottlingException TimeoutError ' +
      'TooManyRequestsException TransactionConflict TransactionConflictException TransactionInProgressException',
    request:
      'InvalidArgumentException InvalidParameterValue ItemCollectionSizeLimitExceeded ItemCollectionSizeLimitExceededException ' +
      'RequestEntityTooLarge RequestTooLargeException SerializationException ValidationError ValidationException',
    // The words of each meaning are its keys' own.
  }).flatMap(([meaning, names]) => names.split(' ').map((name) => [name, meaning as Meaning] as const)),
)

/** The name that the AWS SDK gives an error: what its documentation lists; of one that was classified, that of its cause. */
export function nameOf(error: unknown): string {
  const code = codeOf(error)
  if ((code === 'permanent' || code === 'unavailable') && error instanceof Error) return nameOf(error.cause)
  return error instanceof Error ? error.name : 'unknown'
}

/** An error by the table above; one that was classified stays as it is. */
export function classified(about: About, cause: unknown): unknown {
  if (isOurs(cause)) return cause
  return ofName(about, nameOf(cause), cause) ?? ofAnswer(about, cause)
}

/** Node's codes are in capitals, ours in small letters. */
function isOurs(error: unknown): boolean {
  return /^[a-z-]+$/.test(codeOf(error) ?? '')
}

/** What the code of an entry says that was refused in an answer; undefined if the table above does not know it. */
export function ofName(about: About, name: string, cause: unknown): Unavailable | Permanent | undefined {
  const meaning = MEANINGS.get(name)
  if (meaning === undefined) return undefined
  const { dependency, resource } = about
  if (meaning === 'outage')
    return new Unavailable(dependency, `${dependency} is unavailable: ${name}`, { cause })
  if (meaning === 'request')
    return new Permanent(`${dependency} refused the request on the ${resource}: ${name}`, { cause })
  const setup = setUpOf(about, meaning, name, cause)
  return new Unavailable(dependency, `${dependency} refused the request (${name}): ${setup.advice}`, {
    cause,
    setup,
  })
}

function setUpOf(
  { dependency, resource, actions }: About,
  meaning: Exclude<Meaning, 'outage' | 'request'>,
  name: string,
  cause: unknown,
): SetUp {
  const needed = named(cause) ?? actions.join(' and ')
  switch (meaning) {
    case 'denied':
      return {
        reason: 'denied',
        resource,
        advice: `grant ${needed} on the ${resource} to the program's role`,
      }
    case 'credentials': {
      const advice = `the client's credentials are missing, wrong or over (${name}): give it valid ones, which may do ${needed}`
      return { reason: 'denied', resource, advice }
    }
    case 'encryption': {
      const advice = `look at the KMS key that encrypts the ${resource} (${name}): it must exist, be enabled, and grant its use`
      return { reason: 'denied', resource, advice }
    }
    case 'not-found': {
      const advice = `create the ${resource}, or correct its name: it is not in the account and Region of the client`
      return { reason: 'not-found', resource, advice }
    }
    case 'unknown-operation': {
      const advice = `check the client's endpoint: what answers there knows no ${actions.join(' and ')}, so it is not ${dependency}, or an emulator of a part of it`
      return { reason: 'unknown-operation', resource, advice }
    }
  }
}

/** The action that AWS names in a refusal; nothing else of its message is shown, which holds identities. */
function named(cause: unknown): string | undefined {
  return /not authorized to perform: ([a-z0-9-]{1,32}:[A-Za-z]{1,64})\b/.exec(
    String(Object(cause).message),
  )?.[1]
}

/** By what came back, if the name is none that is known. */
function ofAnswer({ dependency, resource }: About, cause: unknown): unknown {
  const { $fault, $metadata, $response, code, message } = Object(cause)
  const status: unknown = $metadata?.httpStatusCode ?? $response?.statusCode
  const unanswered =
    // Node's codes are in capitals; an error of ours has one in small letters, and is none of the network.
    status === undefined &&
    (/^[A-Z][A-Z0-9_]*$/.test(String(code)) || /http\/?2|socket hang up/i.test(String(message)))
  if (unanswered || $fault === 'server' || (typeof status === 'number' && status >= 500) || status === 429)
    return new Unavailable(
      dependency,
      `${dependency} is unavailable: ${unanswered && typeof code === 'string' ? code : nameOf(cause)}`,
      { cause },
    )
  if (status === 413)
    return new Permanent(`${dependency} refused the request on the ${resource}: 413`, { cause })
  return cause
}
