/**
 * Owns what an error of the AWS SDK means, for every adapter on AWS.
 *
 * | what the SDK throws                                                     | is                                              |
 * |-------------------------------------------------------------------------|-------------------------------------------------|
 * | access denied                                                           | set-up `denied`: which action to grant          |
 * | no credentials; unknown, expired, badly signed ones, or no header's     | set-up `denied`: whose credentials to mend      |
 * | a request that is signed too early or too late                          | set-up `denied`: to look at the machine's clock |
 * | a key of KMS that is missing, off or not to be used                     | set-up `denied`: which key to look at           |
 * | `ResourceNotFoundException`, `StateMachineDoesNotExist`, `InvalidArn`   | set-up `not-found`: what to create              |
 * | `UnknownOperationException`                                             | set-up `unknown-operation`: where to look       |
 * | an answer below 500 that is not in the service's words                  | set-up `unknown-operation`: something else is at |
 * |                                                                         | the client's endpoint                           |
 * | no Region, no URL, a host that nobody knows (`ENOTFOUND`)               | set-up `unknown-operation`: the client's Region |
 * |                                                                         | and endpoint                                    |
 * | TLS: a certificate that is not trusted, or no TLS there                 | set-up `unknown-operation`: the certificate     |
 * | throttling, quotas, time-outs, 5xx, what says that it is the server's   | an outage                                       |
 * | no answer: refused, reset, not resolved, a broken HTTP/2 session        | an outage                                       |
 * | an answer that breaks off: its connection is lost, or its JSON ends      | an outage                                       |
 * | `ValidationException` and the like, 413                                 | Permanent: the request's own fault              |
 * | anything else (a failed condition, an abort, a mistake of the program)  | passed on as it came                            |
 *
 * Whatever is made of an error has it as its cause, and shows its name, never its message: that may quote what was sent.
 */

import { codeOf, Permanent, Unavailable } from '@spaceship/core'
import type { SetUp } from '@spaceship/core/adapter'
import { isOfTls, networkCode } from '../network/index.ts'

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
  | 'clock'
  | 'encryption'
  | 'not-found'
  | 'unknown-operation'
  | 'elsewhere'
  | 'nowhere'
  | 'untrusted'
  | 'outage'
  | 'request'

/** By the names of requests' errors, the codes of single entries in an answer, and Node's codes. */
const MEANINGS: ReadonlyMap<string, Meaning> = new Map(
  Object.entries({
    denied:
      'AccessDenied AccessDeniedException AllAccessDisabled AuthorizationError AuthorizationErrorException NotAuthorized NotAuthorizedException UnauthorizedOperation',
    credentials:
      'CredentialsProviderError TokenProviderError CredentialsError UnrecognizedClientException InvalidClientTokenId ' +
      'InvalidAccessKeyId InvalidSignatureException SignatureDoesNotMatch IncompleteSignature IncompleteSignatureException ' +
      'MissingAuthenticationToken MissingAuthenticationTokenException ExpiredToken ExpiredTokenException ' +
      'IDPRejectedClaim IDPRejectedClaimException InvalidIdentityToken InvalidIdentityTokenException InvalidToken ' +
      'InvalidSecurity InvalidSecurityException OptInRequired SubscriptionRequiredException ERR_INVALID_CHAR',
    clock: 'RequestTimeTooSkewed RequestExpired RequestInTheFuture',
    nowhere: 'ENOTFOUND ERR_INVALID_URL',
    encryption:
      'KMSAccessDeniedException KMSDisabledException KMSInvalidStateException KMSNotFoundException KMSOptInRequired ' +
      'KMSAccessDenied KMSDisabled KMSInvalidState KMSNotFound KMS.AccessDeniedException KMS.DisabledException KMS.InvalidStateException ' +
      'KMS.KMSInvalidStateException KMS.NotFoundException KMS.OptInRequired ' +
      'KmsAccessDenied KmsAccessDeniedException KmsDisabled KmsInvalidKeyUsage KmsInvalidState KmsInvalidStateException KmsNotFound KmsOptInRequired',
    'not-found':
      'ResourceNotFoundException ResourceNotFound StateMachineDoesNotExist InvalidArn NoSuchBucket ' +
      'AuthorizationHeaderMalformed AWS.SimpleQueueService.NonExistentQueue InvalidAddress NotFoundException PermanentRedirect QueueDoesNotExist',
    'unknown-operation': 'UnknownOperationException UnknownOperation InvalidAction',
    outage:
      'ConditionalRequestConflict ExecutionLimitExceeded IDPCommunicationError IDPCommunicationErrorException InternalError InternalErrorException InternalFailure InternalFailureException InternalServerError InternalServerErrorException ' +
      'KMS.ThrottlingException KMSThrottled KMSThrottling KMSThrottlingException KmsThrottled KmsThrottlingException LimitExceededException OperationAborted OverLimit ProvisionedThroughputExceeded ProvisionedThroughputExceededException ' +
      'ReplicatedWriteConflictException RequestLimitExceeded RequestThrottled RequestTimeout RequestTimeoutException ServiceQuotaExceededException ' +
      'ServiceUnavailable ServiceUnavailableException SlowDown StateMachineDeleting Throttling ThrottlingError Throttled ThrottledException ThrottlingException TimeoutError ' +
      'TooManyRequestsException TransactionConflict TransactionConflictException TransactionInProgressException',
    request:
      'BatchRequestTooLong BatchRequestTooLongException AWS.SimpleQueueService.BatchRequestTooLong EntityTooLarge InvalidArgument InvalidArgumentException InvalidBucketName ' +
      'InvalidExecutionInput InvalidMessageContents InvalidName InvalidParameter InvalidParameterException InvalidParameterValue InvalidParameterValueException MissingParameter ItemCollectionSizeLimitExceeded ItemCollectionSizeLimitExceededException KeyTooLongError ' +
      'RequestEntityTooLarge RequestTooLargeException SerializationException UnsupportedOperation UserErrorException ValidationError ValidationException',
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
  const name = nameOf(cause)
  if (MEANINGS.get(name) === 'credentials' && MISTIMED.test(String(Object(cause).message)))
    return wrongSetUp(about, 'clock', name, cause)
  if (isGuessed(cause)) return wrongSetUp(about, 'elsewhere', '404', cause)
  return ofName(about, name, cause) ?? ofCode(about, cause) ?? ofAnswer(about, cause)
}

/** Of SNS the SDK takes every 404 for this one; what SNS itself says has words. */
function isGuessed(cause: unknown): boolean {
  const { name, message } = Object(cause)
  return name === 'NotFoundException' && message === 'Unknown'
}

/** Most services tell a clock that is wrong by the name of a wrong signature. */
const MISTIMED = /^Signature (expired|not yet current)\b/

/** Before there is a request, the SDK throws errors without a name of their own. */
const NO_REGION = /^Region (is missing|not accepted)\b/

function ofCode(about: About, cause: unknown): Unavailable | undefined {
  const { message, $metadata } = Object(cause)
  if ($metadata === undefined && NO_REGION.test(String(message)))
    return wrongSetUp(about, 'nowhere', 'no Region', cause)
  const code = networkCode(cause) ?? ''
  const meaning = isOfTls(code) ? 'untrusted' : MEANINGS.get(code)
  return meaning === 'untrusted' || meaning === 'nowhere' || meaning === 'credentials'
    ? wrongSetUp(about, meaning, code, cause)
    : undefined
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
  return wrongSetUp(about, meaning, name, cause)
}

/** An answer that is well formed and not what the operation gives: whatever sent it, nothing is known to have been done. */
export function foreignAnswer(about: About, { $metadata }: MetadataBearer): Unavailable {
  return wrongSetUp(about, 'elsewhere', String($metadata?.httpStatusCode ?? 'no such answer'), undefined)
}

/** What the SDK answers. */
interface MetadataBearer {
  readonly $metadata?: { readonly httpStatusCode?: number | undefined }
}

type Wrong = Exclude<Meaning, 'outage' | 'request'>

function wrongSetUp(about: About, meaning: Wrong, name: string, cause: unknown): Unavailable {
  const { dependency } = about
  const setup = setUpOf(about, meaning, name, cause)
  const what =
    meaning === 'nowhere' || meaning === 'untrusted' || meaning === 'elsewhere'
      ? 'cannot be reached'
      : `refused the request (${name})`
  return new Unavailable(dependency, `${dependency} ${what}: ${setup.advice}`, { cause, setup })
}

function setUpOf(
  { dependency, resource, actions }: About,
  meaning: Wrong,
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
    case 'clock': {
      const advice = `set the clock of the machine (${name}): the request's signature is from another time than the service's`
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
    case 'elsewhere': {
      const advice = `check the client's endpoint: what answers there is not ${dependency}, or a proxy before it (${name})`
      return { reason: 'unknown-operation', resource, advice }
    }
    case 'nowhere': {
      const advice = `check the client's Region and endpoint: they lead to no host that is known (${name})`
      return { reason: 'unknown-operation', resource, advice }
    }
    case 'untrusted': {
      const advice = `check the client's endpoint and its scheme, and that the program trusts the certificate there or that of a proxy before it (${name}): NODE_EXTRA_CA_CERTS names certificates to trust`
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
function ofAnswer(about: About, cause: unknown): unknown {
  const { dependency, resource } = about
  const { $fault, $metadata, $response, message } = Object(cause)
  if (isBrokenOff(cause))
    return new Unavailable(dependency, `${dependency} is unavailable: its answer broke off`, { cause })
  const status: unknown = $metadata?.httpStatusCode ?? $response?.statusCode
  const isUnworded = typeof status === 'number' && isOfNobody(cause)
  const code = status === undefined ? networkCode(cause) : undefined
  const unanswered =
    status === undefined && (code !== undefined || /http\/?2|socket hang up/i.test(String(message)))
  const isOutage = typeof status === 'number' && (status >= 500 || status === 429 || status === 408)
  if (unanswered || $fault === 'server' || isOutage)
    return new Unavailable(
      dependency,
      `${dependency} is unavailable: ${code ?? (isUnworded ? String(status) : nameOf(cause))}`,
      { cause },
    )
  if (status === 413)
    return new Permanent(`${dependency} refused the request on the ${resource}: 413`, { cause })
  return isUnworded ? wrongSetUp(about, 'elsewhere', String(status), cause) : cause
}

/** By V8's words: what ends within JSON was cut, and somebody else's page is none from its first character on. */
const BROKEN_OFF = /^(Unexpected end of JSON|Unterminated |Expected .* after .* in JSON)/

function isBrokenOff(cause: unknown): boolean {
  const { name, message, $response } = Object(cause)
  if ($response === undefined) return false
  // The head of the answer has come, and the connection was lost in the midst of the rest.
  if (networkCode(cause) !== undefined) return true
  return name === 'SyntaxError' && BROKEN_OFF.test(String(message))
}

/** The SDK gives a fault to each error that a service words, and no name to one without; the text of what it could not read is in its message. */
function isOfNobody(cause: unknown): boolean {
  const { $fault, $response, name } = Object(cause)
  return ($fault === undefined && $response !== undefined) || /^Unknown(Error)?$/.test(String(name))
}
