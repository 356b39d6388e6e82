import { describe, expect, test } from 'vitest'
import { recordText } from '../../test/records.ts'
import { marshal } from '../wire/attributes.ts'
import { read } from './read.ts'

const orders = (table: string) => table === 'orders'
const kindOf = (text: string, wanted: (table: string, kind: string) => boolean = orders) =>
  read(Buffer.from(text), wanted).kind

const image = { NewImage: marshal({ id: 'a', note: 'x' }), OldImage: marshal({ id: 'a' }) }

describe('a record that no route wants', () => {
  test('ends there, by its table or its kind', () => {
    expect(kindOf(recordText(image))).toBe('unwanted')
    expect(kindOf(recordText(image, { tableName: 'orders' }))).toBe('change')
    expect(kindOf(recordText(image), (_, kind) => kind === 'INSERT')).toBe('unwanted')
    expect(kindOf(recordText(image), (_, kind) => kind === 'MODIFY')).toBe('change')
  })

  test('is not parsed: what stands between its head and its end does not matter', () => {
    const text = recordText(image).replace('"SizeBytes":60', 'no JSON at all')
    expect(kindOf(text)).toBe('unwanted')
    expect(kindOf(text, () => true)).toBe('unreadable')
  })

  test('an expired item of a table that nobody wants ends there as well', () => {
    const service = { type: 'Service', principalId: 'dynamodb.amazonaws.com' }
    const text = recordText({ OldImage: image.OldImage }, { eventName: 'REMOVE', userIdentity: service })
    expect(kindOf(text.replace('"SizeBytes":60', '!'))).toBe('unwanted')
  })

  const strange: Readonly<Record<string, (text: string) => string>> = {
    'an unknown last member': (text) => text.replace(/\}$/, ',"more":1}'),
    'blanks between members': (text) => text.replaceAll(',"', ', "'),
    'blanks around it': (text) => ` ${text}\n`,
    'a byte order mark': (text) => `\ufeff${text}`,
    'an escaped name': (text) => text.replace('"tableName"', '"\\u0074ableName"'),
    'an escaped value': (text) => text.replace('"clients"', '"\\u0063lients"'),
    'another order of members': (text) =>
      JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(text)).reverse())),
    'members that nobody knows': (text) =>
      text.replace('{"awsRegion"', '{"a":[{"b":{}},[],1.5e3,true],"awsRegion"'),
    'quotes and braces in texts': (text) => text.replace('"eu-west-1"', '"\\"dynamodb\\":{ \\\\"'),
  }
  for (const [what, change] of Object.entries(strange)) {
    test(`is known by its content in spite of ${what}; and so is a wanted one`, () => {
      expect(kindOf(change(recordText(image)))).toBe('unwanted')
      expect(kindOf(change(recordText(image, { tableName: 'orders' })))).toBe('change')
    })
  }

  test('of a name twice the last one counts, as for JSON.parse', () => {
    const twice = recordText(image).replace('"eventID"', '"tableName":"orders","eventID"')
    expect(kindOf(twice)).toBe('unwanted')
    const last = recordText(image).replace(/\}$/, ',"tableName":"orders"}')
    expect(kindOf(last)).toBe('change')
    const body = recordText(image, { tableName: 'orders' }).replace(
      '"dynamodb"',
      '"dynamodb":{"Keys":7},"dynamodb"',
    )
    expect(kindOf(body)).toBe('change')
  })
})

describe('what cannot be read', () => {
  test('is told apart: bytes that are no JSON, JSON that is nothing we know', () => {
    for (const text of [
      '',
      '{',
      '{"awsRegion"',
      recordText(image).slice(0, -1),
      `${recordText(image)}}`,
      '{"a":01}',
    ])
      expect(read(Buffer.from(text), () => true)).toMatchObject({ reason: 'undecodable' })
    for (const text of [
      'null',
      '[]',
      '{}',
      '"x"',
      recordText({ Keys: null }),
      recordText(image, { eventName: 'X' }),
    ])
      expect(read(Buffer.from(text), () => true)).toMatchObject({ reason: 'unrecognised' })
  })

  test('wherever a record is cut off, it is undecodable and nothing worse', () => {
    const data = Buffer.from(
      recordText({ ...image, NewImage: marshal({ s: 'ä"\\', l: [1, null], m: { b: new Set([2]) } }) }),
    )
    for (let length = 0; length < data.length; length += 1)
      expect(read(data.subarray(0, length), () => true)).toMatchObject({ reason: 'undecodable' })
  })

  test('bytes that are not UTF-8 are undecodable, in a text as in a name', () => {
    const data = Buffer.from(recordText({ NewImage: marshal({ a: 'é' }) }))
    data[data.indexOf(0xc3)] = 0xff
    expect(read(data, () => true)).toMatchObject({ reason: 'undecodable' })
  })
})

test('the bytes may be any view, not only a Buffer', () => {
  const text = recordText(image)
  const shifted = new Uint8Array(new TextEncoder().encode(`xxx${text}`).buffer, 3)
  expect(read(shifted, () => true).kind).toBe('change')
  expect(read(shifted, () => false).kind).toBe('unwanted')
})
