/** Owns the calls of the fuzz: what a client may send, and what becomes of it when it is damaged. */

import { type Chance, chanceOf } from '../../../core/src/testing/chance.ts'
import { encodeCbor } from '../../src/kinesis/cbor.ts'
import { expression } from './expressions.ts'
import { type Endpoint, TEMPLATES, type Template } from './templates.ts'
import { damaged } from './values.ts'

export interface Call {
  readonly endpoint: Endpoint
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

/** The call of a seed, at one of the endpoints. */
export function callOf(seed: number): Call {
  const chance = chanceOf(seed)
  const endpoint = chance.pick<Endpoint>([
    'dynamodb',
    'kinesis',
    'search',
    'slack',
    'scheduler',
    'stepFunctions',
    'runtime',
  ])
  const call = { ...sent(chance.pick(TEMPLATES[endpoint]), chance), endpoint }
  return endpoint === 'kinesis' && chance.oneIn(6) ? inCbor(call) : call
}

function sent(
  { method = 'POST', path = '/', headers = {}, body }: Template,
  chance: Chance,
): Omit<Call, 'endpoint'> {
  const given = typeof body === 'function' ? body((start) => expression(start, chance)) : body
  return {
    method: chance.oneIn(40) ? chance.pick(['GET', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'PATCH']) : method,
    path: chance.oneIn(10) ? damagedPath(path, chance) : path,
    headers: chance.oneIn(30) ? damagedHeaders(headers, chance) : headers,
    body: given === undefined ? Buffer.alloc(0) : bytesOf(given, chance),
  }
}

function bytesOf(given: unknown, chance: Chance): Buffer {
  let value = given
  for (let times = chance.pick([0, 1, 1, 1, 2, 3]); times > 0; times -= 1) value = damaged(value, chance)
  const text = typeof value === 'string' && typeof given === 'string' ? value : (JSON.stringify(value) ?? '')
  if (!chance.oneIn(12)) return Buffer.from(text)
  const bytes = Buffer.from(text)
  const at = chance.below(bytes.length + 1)
  return chance.pick([
    () => bytes.subarray(0, at),
    () => Buffer.concat([bytes.subarray(0, at), Buffer.from([chance.below(256)]), bytes.subarray(at)]),
    () => deep(chance.pick([40, 2_000, 100_000])),
    () => Buffer.from(chance.pick(['null', '[]', '""', '0', 'true', '[null]', '{"":null}'])),
    () => Buffer.from(Array.from({ length: chance.below(64) }, () => chance.below(256))),
  ])()
}

function damagedPath(path: string, chance: Chance): string {
  const at = chance.below(path.length + 1)
  const piece = chance.pick([
    '%',
    '%E0%A4%A',
    '/',
    '//',
    '..',
    '?x=%',
    '*',
    '_all',
    ',',
    '%00',
    'é',
    '-',
    '?size=-1',
    '?groupName=g',
  ])
  return encodeURI(`/${path.slice(1, at)}${piece}${path.slice(Math.max(at, 1))}`).replaceAll('%25', '%')
}

function damagedHeaders(headers: Readonly<Record<string, string>>, chance: Chance): Record<string, string> {
  const odd = chance.pick([
    '',
    'x',
    'application/x-amz-cbor-1.1',
    'text/plain',
    'AWS4-HMAC-SHA256',
    '.',
    '__proto__',
    'DynamoDB_20120810.',
  ])
  const name = chance.pick(['content-type', 'x-amz-target', 'authorization', 'origin'])
  return { ...headers, [name]: odd }
}

function deep(levels: number): Buffer {
  return Buffer.from(`${'{"a":['.repeat(levels)}1${']}'.repeat(levels)}`)
}

/** The same call as other SDKs send it, if its body is JSON. */
function inCbor(call: Call): Call {
  try {
    const body = encodeCbor(JSON.parse(call.body.toString()))
    return { ...call, headers: { ...call.headers, 'content-type': 'application/x-amz-cbor-1.1' }, body }
  } catch {
    return call
  }
}
