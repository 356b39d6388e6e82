/** Owns what the tests of adapters' errors share: errors of the SDK's, and what each means to the engine. */

import { codeOf } from '@spaceship/core'
import { setUpOf } from '@spaceship/core/adapter'
import { expect } from 'vitest'
import { told } from './aborts.ts'

/** What a call is rejected with: a reason of a set-up, a code, or that it is what the client threw. */
export async function meaningOf(call: Promise<unknown>, thrown?: unknown): Promise<string> {
  const error = await told(call)
  if (error === thrown) return 'as it came'
  expect(String(error)).not.toContain('hush')
  return setUpOf(error)?.reason ?? codeOf(error) ?? 'it resolved'
}

/** An error of the SDK's; its message may quote what was sent. */
export function refusal(
  name: string,
  more: object = { $fault: 'client', $metadata: { httpStatusCode: 400 } },
): Error {
  return Object.assign(new Error('the value hush is wrong'), { name }, more)
}

const AWS: Readonly<Record<string, string>> = {
  AccessDeniedException: 'denied',
  CredentialsProviderError: 'denied',
  UnrecognizedClientException: 'denied',
  InvalidSignatureException: 'denied',
  ExpiredTokenException: 'denied',
  MissingAuthenticationTokenException: 'denied',
  InvalidToken: 'denied',
  InvalidIdentityTokenException: 'denied',
  IDPRejectedClaimException: 'denied',
  AllAccessDisabled: 'denied',
  KMSAccessDenied: 'denied',
  'KMS.NotFoundException': 'denied',
  'KMS.DisabledException': 'denied',
  'KMS.KMSInvalidStateException': 'denied',
  PermanentRedirect: 'not-found',
  AuthorizationHeaderMalformed: 'not-found',
  IDPCommunicationErrorException: 'unavailable',
  'KMS.ThrottlingException': 'unavailable',
  KMSThrottling: 'unavailable',
  OverLimit: 'unavailable',
  ResourceNotFoundException: 'not-found',
  UnknownOperationException: 'unknown-operation',
  ThrottlingException: 'unavailable',
  ProvisionedThroughputExceededException: 'unavailable',
  RequestLimitExceeded: 'unavailable',
  ServiceQuotaExceededException: 'unavailable',
  LimitExceededException: 'unavailable',
  InternalServerError: 'unavailable',
  ServiceUnavailable: 'unavailable',
  TransactionConflictException: 'unavailable',
  TimeoutError: 'unavailable',
  RequestTimeTooSkewed: 'denied',
  ValidationException: 'permanent',
  SerializationException: 'permanent',
  ItemCollectionSizeLimitExceededException: 'permanent',
  AbortError: 'as it came',
  SomethingNewException: 'as it came',
}

/** What has no name that says it. */
const UNNAMED: readonly (readonly [string, Error, string])[] = [
  ['503', refusal('Unknown', { $metadata: { httpStatusCode: 503 } }), 'unavailable'],
  ['429', refusal('Unknown', { $metadata: { httpStatusCode: 429 } }), 'unavailable'],
  ["the server's fault", refusal('Unknown', { $fault: 'server' }), 'unavailable'],
  ['ECONNREFUSED', Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }), 'unavailable'],
  ['ENOTFOUND', Object.assign(new Error('hush'), { code: 'ENOTFOUND' }), 'unknown-operation'],
  ['EAI_AGAIN', Object.assign(new Error('hush'), { code: 'EAI_AGAIN' }), 'unavailable'],
  [
    'a certificate that is over',
    Object.assign(new Error('hush'), { code: 'CERT_HAS_EXPIRED' }),
    'unknown-operation',
  ],
  ['no TLS there', Object.assign(new Error('hush'), { code: 'EPROTO' }), 'unknown-operation'],
  ['no URL', Object.assign(new TypeError('hush'), { code: 'ERR_INVALID_URL' }), 'unknown-operation'],
  ['no Region', new Error('Region is missing'), 'unknown-operation'],
  ['no Region of AWS', new Error('Region not accepted: region="hush x"'), 'unknown-operation'],
  [
    'credentials that no header takes',
    Object.assign(new TypeError('hush'), { code: 'ERR_INVALID_CHAR' }),
    'denied',
  ],
  ['a page of HTML', refusal('SyntaxError', { $response: { statusCode: 200 } }), 'unknown-operation'],
  ['a page of HTML, 403', refusal('SyntaxError', { $response: { statusCode: 403 } }), 'unknown-operation'],
  ['a page of HTML, 502', refusal('SyntaxError', { $response: { statusCode: 502 } }), 'unavailable'],
  [
    'a redirect',
    refusal('Unknown', { $fault: 'client', $metadata: { httpStatusCode: 301 } }),
    'unknown-operation',
  ],
  ['a mistake of parsing', new SyntaxError('x'), 'as it came'],
  ['no answer on HTTP/2', new Error('Unexpected error: http2 request did not get a response'), 'unavailable'],
  ['413', refusal('Unknown', { $metadata: { httpStatusCode: 413 } }), 'permanent'],
  ['a mistake of the program', new TypeError('x is not a function'), 'as it came'],
]
export const AWS_CASES = [
  ...Object.entries(AWS).map(([name, as]) => [name, refusal(name), as] as const),
  ...UNNAMED,
]

// Clients of which `send` alone is used.
export const throwing = (error: unknown) => ({ send: () => Promise.reject(error) })
