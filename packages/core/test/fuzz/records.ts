/** Change records as bytes: as DynamoDB writes them, as it could not have written them, and damaged. */

import { readFileSync } from 'node:fs'
import type { Chance } from '../../src/testing/chance.ts'

export const TABLES = ['clients', 'orders', 'Größe', 'a"b'] as const

const fixtures = ['localstack', 'ministack'].flatMap((emulator) => {
  const file = new URL(`../fixtures/dynamodb-kinesis/${emulator}.json`, import.meta.url)
  const records: Record<string, { data: unknown }> = JSON.parse(readFileSync(file, 'utf8'))
  return Object.values(records).map(({ data }) => JSON.stringify(data))
})

export function recordBytes(chance: Chance): Buffer {
  const text = chance.oneIn(8) ? (fixtures[chance.below(fixtures.length)] ?? '') : recordText(chance)
  const data = Buffer.from(text)
  return chance.oneIn(3) ? damaged(data, chance) : data
}

function recordText(chance: Chance): string {
  const kind = chance.oneIn(20) ? 'DELETE' : chance.pick(['INSERT', 'MODIFY', 'REMOVE'])
  const dynamodb = members(chance, [
    ['ApproximateCreationDateTime', timeText(chance)],
    ...chosen(chance, 2, ['ApproximateCreationDateTimePrecision', precisionText(chance)]),
    ...chosen(chance, 30, ['Keys', mapText(chance, 0, 2)], true),
    ...chosen(chance, kind === 'REMOVE' ? 20 : 12, ['NewImage', imageText(chance)], kind !== 'REMOVE'),
    ...chosen(chance, kind === 'INSERT' ? 20 : 12, ['OldImage', imageText(chance)], kind !== 'INSERT'),
    ...chosen(chance, 2, ['SizeBytes', String(chance.below(500))]),
  ])
  return members(chance, [
    ['awsRegion', '"eu-west-1"'],
    ['eventID', chance.oneIn(4) ? stringText(chance) : '"9dd2f1c0-7a11-4c57-8f44-0a7d2b6a6e11"'],
    ['eventName', JSON.stringify(kind)],
    ['userIdentity', userText(chance)],
    ['recordFormat', '"application/json"'],
    ...chosen(chance, 20, ['tableName', JSON.stringify(chance.pick(TABLES))], true),
    ['dynamodb', dynamodb],
    ...chosen(chance, 10, ['eventSourceARN', '"arn:aws:dynamodb:eu-west-1:1:table/orders/stream/x"']),
    ['eventSource', '"aws:dynamodb"'],
  ])
}

type Member = readonly [name: string, text: string]

/** Once in so many cases; with `usually`, in all others. */
function chosen(chance: Chance, count: number, member: Member, usually = false): readonly Member[] {
  return chance.oneIn(count) === usually ? [] : [member]
}

/** Mostly as given; now and then in another order, with blanks, an escaped name, or one of them twice. */
function members(chance: Chance, list: readonly Member[]): string {
  const order = [...list]
  if (chance.oneIn(12)) order.push(order.splice(chance.below(order.length), 1)[0] ?? ['x', '0'])
  if (chance.oneIn(25)) order.push(order[chance.below(order.length)] ?? ['x', '0'])
  const blank = chance.oneIn(30) ? chance.pick([' ', '\n', '\t']) : ''
  const texts = order.map(([name, text]) => `${nameText(chance, name)}${blank}:${blank}${text}`)
  return `{${texts.join(`${blank},${blank}`)}}`
}

function nameText(chance: Chance, name: string): string {
  if (!chance.oneIn(200) || name === '') return JSON.stringify(name)
  return `"\\u${name.charCodeAt(0).toString(16).padStart(4, '0')}${JSON.stringify(name.slice(1)).slice(1)}`
}

function timeText(chance: Chance): string {
  if (chance.oneIn(15))
    return chance.pick(['null', '"1"', '0', '-1', '1.5', '1e3', '01', '9007199254740993', '1e300'])
  const magnitude = chance.pick([1e9, 1e12, 1e15])
  return String(magnitude + chance.below(magnitude))
}

function precisionText(chance: Chance): string {
  return chance.pick(['"MICROSECOND"', '"MICROSECOND"', '"MILLISECOND"', '"NANOSECOND"', 'null', '7'])
}

function userText(chance: Chance): string {
  return chance.pick([
    'null',
    'null',
    '{"type":"Service","principalId":"dynamodb.amazonaws.com"}',
    '{"principalId":7}',
    '"dynamodb.amazonaws.com"',
  ])
}

function imageText(chance: Chance): string {
  if (chance.oneIn(40)) return chance.pick(['null', '[]', '7', '""', '{}'])
  if (chance.oneIn(40)) return mapText(chance, 0, 1, 20 + chance.below(20))
  return mapText(chance, 0, 6)
}

function mapText(chance: Chance, depth: number, most: number, chain = 0): string {
  const count = chain > 0 ? 1 : chance.below(most + 1)
  return members(
    chance,
    Array.from({ length: count }, (): Member => {
      const strange = chance.oneIn(60)
      const name = strange
        ? chance.pick([
            '__proto__',
            '',
            'constructor',
            'S',
            '0',
            'ä',
            'a"b',
            'aws:rep:updateregion',
            'aws:rep:deleting',
          ])
        : chance.pick(['id', 'name', 'n', 'tags', 'address', 'createdAt', 'x|y'])
      return [name, attributeText(chance, depth + 1, chain)]
    }),
  )
}

function attributeText(chance: Chance, depth: number, chain: number): string {
  if (chain > 0)
    return chance.oneIn(2)
      ? `{"M":${mapText(chance, depth, 1, chain - 1)}}`
      : `{"L":[${attributeText(chance, depth + 1, chain - 1)}]}`
  if (chance.oneIn(80))
    return chance.pick(['null', '{}', '7', '[]', '{"X":1}', '{"S":"a","N":"1"}', '{"S":"a","S":"b"}'])
  const list = (item: () => string, most = 4) =>
    `[${Array.from({ length: chance.below(most) }, item).join()}]`
  switch (chance.below(depth > 4 ? 9 : 12)) {
    case 0:
    case 1:
      return `{"S":${chance.oneIn(50) ? '7' : stringText(chance)}}`
    case 2:
    case 3:
      return `{"N":${numberText(chance)}}`
    case 4:
      return `{"BOOL":${chance.oneIn(30) ? '"true"' : chance.pick(['true', 'false'])}}`
    case 5:
      return `{"NULL":${chance.oneIn(30) ? 'false' : 'true'}}`
    case 6:
      return `{"B":${binaryText(chance)}}`
    case 7:
      return `{"SS":${list(() => stringText(chance))}}`
    case 8:
      return chance.oneIn(2)
        ? `{"NS":${list(() => numberText(chance))}}`
        : `{"BS":${list(() => binaryText(chance))}}`
    case 9:
      return `{"L":${list(() => attributeText(chance, depth + 1, 0))}}`
    default:
      return `{"M":${mapText(chance, depth, 3)}}`
  }
}

function stringText(chance: Chance): string {
  if (chance.oneIn(15))
    return chance.pick([
      '"\\ud800"',
      '"\\udc00x"',
      '"\\u00e4"',
      '"\\/"',
      '"\\x"',
      '"\\u12g4"',
      '"\u0001"',
      '"\\u12"',
    ])
  return JSON.stringify(
    chance.pick([
      '',
      'a',
      'Ann Smith',
      'Zoë',
      '山田',
      '😀',
      'a\nb',
      '"',
      '\\',
      '2026-01-01T00:00:00Z',
      '\u2028',
      '\ud800',
    ]),
  )
}

function numberText(chance: Chance): string {
  if (chance.oneIn(40))
    return chance.pick([
      '7',
      'null',
      '""',
      '" 1"',
      '"0x10"',
      '"NaN"',
      '"Infinity"',
      '"1 "',
      '"--1"',
      '"."',
      '"1e"',
    ])
  if (chance.oneIn(6)) {
    const extremes = [
      '-0',
      '0.1',
      '1e5',
      '1E-7',
      '1e-400',
      '1e400',
      '9007199254740993',
      '1152921504606846976',
      '.5',
      '5.',
      '+5',
      '007',
      '7'.repeat(1_000),
      '7'.repeat(1_001),
      `1${'0'.repeat(999)}`,
      `1${'0'.repeat(999)}1`,
      `0.${'0'.repeat(998)}`,
    ]
    return JSON.stringify(extremes[chance.below(extremes.length)])
  }
  const digits = Array.from({ length: 1 + chance.below(chance.pick([4, 16, 38])) }, () =>
    chance.below(10),
  ).join('')
  const point = chance.below(digits.length + 1)
  const decimal = chance.oneIn(2) ? digits : `${digits.slice(0, point)}.${digits.slice(point)}`
  return `"${chance.oneIn(3) ? '-' : ''}${decimal}"`
}

function binaryText(chance: Chance): string {
  if (chance.oneIn(20))
    return chance.pick(['"A"', '"AQ="', '"A_-A"', '"!!!!"', '7', '"AQ=="', '"AR=="', '"A\\u0051=="'])
  return JSON.stringify(
    Buffer.from(Array.from({ length: chance.below(9) }, () => chance.below(256))).toString('base64'),
  )
}

function damaged(data: Buffer, chance: Chance): Buffer {
  let bytes = data
  for (let n = 1 + chance.below(3); n > 0; n -= 1) {
    const at = chance.below(bytes.length + 1)
    const from = chance.below(bytes.length + 1)
    const piece = bytes.subarray(from, from + chance.below(40))
    const size = chance.below(20)
    switch (chance.below(6)) {
      case 0:
        bytes = Buffer.from(bytes)
        if (at < bytes.length) bytes[at] = chance.below(256)
        break
      case 1:
        bytes = Buffer.from(bytes)
        if (at < bytes.length)
          bytes[at] = chance.pick([0x22, 0x5c, 0x2c, 0x3a, 0x7b, 0x7d, 0x5b, 0x5d, 0x30, 0x20, 0x80])
        break
      case 2:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + size)])
        break
      case 3:
        bytes = Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)])
        break
      case 4:
        bytes = Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at + piece.length)])
        break
      default:
        if (chance.oneIn(4)) bytes = bytes.subarray(0, at)
    }
  }
  return bytes
}
