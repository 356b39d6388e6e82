import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Sha256 } from '@aws-crypto/sha256-js'
import { Client } from '@opensearch-project/opensearch'
import { SignatureV4 } from '@smithy/signature-v4'
import type { Context, EventMeta } from '@spaceship/core'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createSearch } from '../opensearch/index.ts'
import { type AwsSigningOptions, awsSigning } from './index.ts'

interface Seen {
  readonly request: IncomingMessage
  readonly body: string
}

let seen: Seen[] = []
let accepted = 'AKIDFIRST'
const server = createServer((request, response) => {
  let body = ''
  request.on('data', (chunk) => (body += chunk))
  request.on('end', () => {
    seen.push({ request, body })
    const isKnown = String(request.headers.authorization).includes(`Credential=${accepted}/`)
    response.writeHead(isKnown ? 200 : 403, { 'content-type': 'application/json' })
    const items = [{ index: { status: 201, result: 'created' } }]
    response.end(
      JSON.stringify(isKnown ? { items, count: 0 } : { message: 'The security token is not valid' }),
    )
  })
})
beforeEach(async () => {
  seen = []
  accepted = 'AKIDFIRST'
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterEach(async () => {
  vi.useRealTimers()
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
})

const credentialsOf = (accessKeyId: string) => ({
  accessKeyId,
  secretAccessKey: `secret of ${accessKeyId}`,
  sessionToken: 'token',
})

function clientOf(options: Partial<AwsSigningOptions> = {}) {
  const { port } = server.address() as AddressInfo
  const signing = awsSigning({
    region: 'eu-west-1',
    credentials: async () => credentialsOf('AKIDFIRST'),
    ...options,
  })
  return new Client({ node: `http://127.0.0.1:${port}`, maxRetries: 0, ...signing })
}

const write = (client: Client) => {
  const search = createSearch({ client })
  const index = search.index({ index: 'clients', id: () => 'Zoë/1', document: () => ({ name: 'Zoë & co' }) })
  // Of the event these are used, and of the context the signal.
  return (async () =>
    index(
      { version: { min: 1, max: 1 } } as EventMeta,
      { signal: new AbortController().signal } as Context,
    ))()
}

test.each(['es', 'aoss'] as const)(
  "requests to '%s' are signed as the SDK's own signer signs them",
  async (service) => {
    const client = clientOf({ service })
    await write(client)
    await createSearch({ client }).count('clients-ä', { match: { name: 'Zoë' } })
    // Whether the index is there is looked at, too.
    expect(seen.length).toBe(3)
    for (const { request, body } of seen) {
      const { authorization = '', ...headers } = request.headers
      const [, names = ''] = /SignedHeaders=([^,]+)/.exec(authorization) ?? []
      const signed = Object.fromEntries(names.split(';').map((name) => [name, String(headers[name])]))
      const signer = new SignatureV4({
        service,
        region: 'eu-west-1',
        credentials: credentialsOf('AKIDFIRST'),
        sha256: Sha256,
      })
      const url = new URL(request.url ?? '', 'http://127.0.0.1')
      const { 'x-amz-date': date = '', ...rest } = signed
      const [, y, m, d, hours, minutes, seconds] = /(....)(..)(..)T(..)(..)(..)Z/.exec(date) ?? []
      const again = await signer.sign(
        {
          method: request.method ?? '',
          protocol: 'http:',
          hostname: url.hostname,
          path: url.pathname,
          query: Object.fromEntries(url.searchParams),
          headers: rest,
          body,
        },
        {
          signingDate: new Date(`${y}-${m}-${d}T${hours}:${minutes}:${seconds}Z`),
          signableHeaders: new Set(Object.keys(signed)),
          unsignableHeaders: new Set(),
        },
      )
      const signatureIn = (text = '') => /Signature=([0-9a-f]{64})/.exec(text)?.[1]
      expect(names).toContain('host')
      expect(signatureIn(authorization)).toBe(signatureIn(again.headers.authorization))
      expect(headers['x-amz-content-sha256']).toMatch(/^[0-9a-f]{64}$/)
    }
    await client.close()
  },
)

test('credentials that are replaced are used a minute later, and asked for once by all that write', async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  let asked = 0
  let current = 'AKIDFIRST'
  const client = clientOf({
    credentials: async () => {
      asked += 1
      return credentialsOf(current)
    },
  })
  await Promise.all([write(client), write(client), write(client)])
  expect(asked).toBe(1)
  current = 'AKIDSECOND'
  accepted = 'AKIDSECOND'
  await expect(write(client)).rejects.toMatchObject({ setup: { reason: 'denied' } })
  vi.setSystemTime(Date.now() + 61_000)
  await Promise.all(Array.from({ length: 20 }, () => write(client)))
  expect(asked).toBe(2)
  await client.close()
})

test('credentials that say when they expire are asked for before', async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  let asked = 0
  const client = clientOf({
    credentials: async () => {
      asked += 1
      return { ...credentialsOf('AKIDFIRST'), expiration: new Date(Date.now() + 40_000) }
    },
  })
  await write(client)
  await write(client)
  expect(asked).toBe(1)
  vi.setSystemTime(Date.now() + 11_000)
  await write(client)
  expect(asked).toBe(2)
  await client.close()
})

test('a provider that fails is told as a set-up, without what it says of secrets', async () => {
  const client = clientOf({
    credentials: async () => {
      throw Object.assign(new Error('no profile'), { name: 'CredentialsProviderError' })
    },
  })
  await expect(write(client)).rejects.toMatchObject({ setup: { reason: 'denied' } })
  await client.close()
})
