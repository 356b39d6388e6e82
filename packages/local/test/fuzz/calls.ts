/** Owns the calls of the fuzz: what a client may send, and what becomes of it when it is damaged. */

import { type Dice, diceOf } from './dice.ts'
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
  const dice = diceOf(seed)
  const endpoint = dice.pick<Endpoint>(['dynamodb', 'kinesis', 'search', 'slack', 'scheduler', 'runtime'])
  return { ...sent(dice.pick(TEMPLATES[endpoint]), dice), endpoint }
}

function sent(
  { method = 'POST', path = '/', headers = {}, body }: Template,
  dice: Dice,
): Omit<Call, 'endpoint'> {
  const given = typeof body === 'function' ? body((start) => expression(start, dice)) : body
  return {
    method: dice.oneIn(40) ? dice.pick(['GET', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'PATCH']) : method,
    path: dice.oneIn(10) ? damagedPath(path, dice) : path,
    headers: dice.oneIn(30) ? damagedHeaders(headers, dice) : headers,
    body: given === undefined ? Buffer.alloc(0) : bytesOf(given, dice),
  }
}

function bytesOf(given: unknown, dice: Dice): Buffer {
  let value = given
  for (let times = dice.pick([0, 1, 1, 1, 2, 3]); times > 0; times -= 1) value = damaged(value, dice)
  const text = typeof value === 'string' && typeof given === 'string' ? value : (JSON.stringify(value) ?? '')
  if (!dice.oneIn(12)) return Buffer.from(text)
  const bytes = Buffer.from(text)
  const at = dice.below(bytes.length + 1)
  return dice.pick([
    () => bytes.subarray(0, at),
    () => Buffer.concat([bytes.subarray(0, at), Buffer.from([dice.below(256)]), bytes.subarray(at)]),
    () => deep(dice.pick([40, 2_000, 100_000])),
    () => Buffer.from(dice.pick(['null', '[]', '""', '0', 'true', '[null]', '{"":null}'])),
    () => Buffer.from(Array.from({ length: dice.below(64) }, () => dice.below(256))),
  ])()
}

function damagedPath(path: string, dice: Dice): string {
  const at = dice.below(path.length + 1)
  const piece = dice.pick([
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

function damagedHeaders(headers: Readonly<Record<string, string>>, dice: Dice): Record<string, string> {
  const odd = dice.pick([
    '',
    'x',
    'application/x-amz-cbor-1.1',
    'text/plain',
    'AWS4-HMAC-SHA256',
    '.',
    '__proto__',
    'DynamoDB_20120810.',
  ])
  const name = dice.pick(['content-type', 'x-amz-target', 'authorization', 'origin'])
  return { ...headers, [name]: odd }
}

function deep(levels: number): Buffer {
  return Buffer.from(`${'{"a":['.repeat(levels)}1${']}'.repeat(levels)}`)
}
