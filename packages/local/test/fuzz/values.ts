/** Owns the damage: one place of a value is replaced, taken out, doubled or buried. */

import type { Chance } from '../../../core/src/testing/chance.ts'

const ODD: readonly [unknown, ...unknown[]] = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  1e308,
  2 ** 53,
  -(2 ** 31),
  '',
  ' ',
  'x',
  '0',
  '-1',
  '1e999',
  'null',
  '__proto__',
  'constructor',
  'toString',
  'length',
  'a'.repeat(300),
  '\u0000',
  '\ud800',
  '🦆',
  'shardId-000000000000',
  'shardId-999999999999',
  '=',
  'eA==',
  '{',
  '((',
  '*',
  '*'.repeat(60),
  'now-1d',
  '2026-11-28',
  '2026-99-99T99:99:99Z',
  'at(2026-11-28T09:00:00)',
  'rate(0 minutes)',
  'cron(* * * * * *)',
  'cron(0 0 31 2 ? *)',
  'arn:aws:kinesis:us-east-1:000000000000:stream/clients-cdc',
  'arn:aws:dynamodb:us-east-1:000000000000:table/clients',
  [],
  {},
  [null],
  [[]],
  [{}],
  { S: 'a' },
  { N: 'x' },
  { N: '1e200' },
  { S: null },
  { M: { a: null } },
  { L: [{}] },
  { NULL: false },
  { SS: [] },
  { BS: ['x'] },
  { '': '' },
  { __proto__: null, constructor: { prototype: 1 } },
  Array(300).fill(0),
  JSON.parse('{"__proto__":{"S":"x"}}'),
]

/** @returns another value that holds most of what this one does */
export function damaged(value: unknown, chance: Chance): unknown {
  const inside = typeof value === 'object' && value !== null && Object.keys(value).length > 0
  if (!inside || chance.oneIn(12)) return odd(value, chance)
  if (Array.isArray(value)) {
    const at = chance.below(value.length)
    if (chance.oneIn(8)) return value.toSpliced(at, 1)
    if (chance.oneIn(8)) return [...value, ...value]
    return value.with(at, damaged(value[at], chance))
  }
  const [first = ['', undefined], ...rest] = Object.entries(value)
  const [name, member] = chance.pick<[string, unknown]>([first, ...rest])
  if (chance.oneIn(8)) return Object.fromEntries(Object.entries(value).filter(([other]) => other !== name))
  if (chance.oneIn(10)) return { ...value, [chance.pick(EXTRA)]: chance.pick(ODD) }
  return { ...value, [name]: damaged(member, chance) }
}

const EXTRA = [
  'Limit',
  'NextToken',
  'ExclusiveStartKey',
  'StreamARN',
  'Expected',
  'AttributesToGet',
  'ScanFilter',
  'KeyConditions',
  'QueryFilter',
  'ConditionalOperator',
  'IndexName',
  'Select',
  'Segment',
  'TotalSegments',
  'ReturnValues',
  'size',
  'from',
  'sort',
  '_source',
  'x',
] as const

function odd(value: unknown, chance: Chance): unknown {
  if (typeof value === 'string' && value !== '' && !chance.oneIn(4)) {
    const at = chance.below(value.length + 1)
    const piece = chance.pick([
      '',
      ' ',
      '(',
      ')',
      ',',
      '*',
      '"',
      "'",
      '.',
      '[',
      ']',
      '#',
      ':',
      '0',
      'NOT ',
      ' AND ',
      '%',
      '\u0000',
      '(('.repeat(20),
    ])
    return value.slice(0, at) + piece + value.slice(chance.oneIn(2) ? at : at + 1)
  }
  if (chance.oneIn(20)) return buried(chance.pick(ODD), chance.pick([10, 40, 400, 1_000]), chance)
  return chance.pick(ODD)
}

function buried(value: unknown, depth: number, chance: Chance): unknown {
  const wrap = chance.pick<(inner: unknown) => unknown>([
    (inner) => [inner],
    (inner) => ({ a: inner }),
    (inner) => ({ L: [inner] }),
    (inner) => ({ M: { a: inner } }),
    (inner) => ({ bool: { must: [inner] } }),
  ])
  let result = value
  for (let level = 0; level < depth; level += 1) result = wrap(result)
  return result
}
