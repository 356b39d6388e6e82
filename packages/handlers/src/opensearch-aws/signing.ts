/**
 * Owns the signing of requests to OpenSearch on AWS. The signer is the official client's, which keeps credentials that do not say when they
 * expire for as long as the process runs: it is told that they do.
 */

import { AwsSigv4Signer } from '@opensearch-project/opensearch/aws-v3'
import {
  bare,
  callable,
  check,
  choice,
  duration,
  milliseconds,
  required,
  type ShapesOf,
  text,
} from '@spaceship/core/adapter'

export interface AwsSigningOptions {
  /** Where the domain is. */
  readonly region: string
  /** `es` for domains, `aoss` for OpenSearch Serverless, which is not proven: see the README. @default 'es' */
  readonly service?: 'es' | 'aoss'
  /** Whose they are, as providers of the AWS SDK answer: `defaultProvider()` of `@aws-sdk/credential-provider-node`. */
  readonly credentials: () => Promise<AwsCredentials>
  /** How long credentials are used before they are asked for again, if they do not expire sooner. @default '1m' */
  readonly maxAge?: `${number}${'s' | 'm' | 'h'}`
}

export interface AwsCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
  readonly expiration?: Date
}

export const SIGNING = {
  options: bare({
    region: required(text('the AWS Region')),
    service: choice('es', 'aoss'),
    credentials: required({
      ...callable,
      expected: 'a function that answers credentials: defaultProvider()',
    }),
    maxAge: duration('1m', 1_000),
  } satisfies ShapesOf<AwsSigningOptions>),
}

/** The signer asks again for what expires within the time limit of a request, which the client has by default. */
const REQUEST = 30_000

/**
 * What the official client is given to sign its requests with SigV4.
 *
 * @throws ConfigurationError that lists every problem
 * @example
 * import { Client } from '@opensearch-project/opensearch'
 * const signing = awsSigning({ region: 'eu-west-1', credentials })
 * const client = new Client({ node: 'https://search-x.eu-west-1.es.amazonaws.com', ...signing })
 */
export function awsSigning(
  options: AwsSigningOptions,
): Pick<ReturnType<typeof AwsSigv4Signer>, 'Connection' | 'Transport'> {
  check('awsSigning', SIGNING, { options })
  const { region, service = 'es', credentials, maxAge = '1m' } = options
  const longest = milliseconds(maxAge) + REQUEST
  let asking: Promise<AwsCredentials & { readonly expiration: Date }> | undefined

  async function asked() {
    try {
      const found = await credentials()
      const latest = new Date(Date.now() + longest)
      const { expiration = latest } = found
      return { ...found, expiration: expiration < latest ? expiration : latest }
    } finally {
      asking = undefined
    }
  }

  const { Connection, Transport } = AwsSigv4Signer({
    region,
    service,
    // Requests that find them too old at the same time ask once.
    getCredentials: () => {
      asking ??= asked()
      return asking
    },
  })
  return { Connection, Transport }
}
