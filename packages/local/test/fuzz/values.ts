/** Owns the damage: one place of a value is replaced, taken out, doubled or buried. */

import type { Dice } from './dice.ts'

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
export function damaged(value: unknown, dice: Dice): unknown {
  const inside = typeof value === 'object' && value !== null && Object.keys(value).length > 0
  if (!inside || dice.oneIn(12)) return odd(value, dice)
  if (Array.isArray(value)) {
    const at = dice.below(value.length)
    if (dice.oneIn(8)) return value.toSpliced(at, 1)
    if (dice.oneIn(8)) return [...value, ...value]
    return value.with(at, damaged(value[at], dice))
  }
  const [first = ['', undefined], ...rest] = Object.entries(value)
  const [name, member] = dice.pick<[string, unknown]>([first, ...rest])
  if (dice.oneIn(8)) return Object.fromEntries(Object.entries(value).filter(([other]) => other !== name))
  if (dice.oneIn(10)) return { ...value, [dice.pick(EXTRA)]: dice.pick(ODD) }
  return { ...value, [name]: damaged(member, dice) }
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

function odd(value: unknown, dice: Dice): unknown {
  if (typeof value === 'string' && value !== '' && !dice.oneIn(4)) {
    const at = dice.below(value.length + 1)
    const piece = dice.pick([
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
    return value.slice(0, at) + piece + value.slice(dice.oneIn(2) ? at : at + 1)
  }
  if (dice.oneIn(20)) return buried(dice.pick(ODD), dice.pick([10, 40, 400, 1_000]), dice)
  return dice.pick(ODD)
}

function buried(value: unknown, depth: number, dice: Dice): unknown {
  const wrap = dice.pick<(inner: unknown) => unknown>([
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
