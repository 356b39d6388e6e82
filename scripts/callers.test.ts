/**
 * Callers without types. Each public function is called rightly, and then with one spot of that call replaced by what a caller
 * from JavaScript may put there, or with fewer arguments: it works, or it is refused with a ConfigurationError. What is of
 * another kind than the right value must be refused.
 */

import { expect, test } from 'vitest'
import { problemsOf } from '../packages/core/src/adapter.ts'
import { calls } from './calls.ts'
import { exported, named } from './exported.ts'
import { leaves, shapeAt } from './fitting.ts'
import type { Call } from './right.ts'

/** What may stand in a spot, by its kind. */
const ODD: Readonly<Record<string, unknown>> = {
  nothing: undefined,
  null: null,
  number: 5,
  text: 'odd',
  list: [],
  'list of null': [null],
  object: {},
  function: () => {},
}

/**
 * Called for each record, by runtimes, handlers and adapters: a check would cost every caller with types. What `core/adapter` has
 * of `core` is called there.
 */
const hot = named([
  'core: marshal skip unmarshal',
  'core/adapter: differenceFrom encodePublished equalities inTime marshal milliseconds noticeKey rebuildKey sha256 shownWhen spacing unmarshal watchKey',
  'core/engine: aboutRecord comparePositions compareSequences completeJournal deaggregate formatPosition keyOfLane parsePosition read takenBy',
  'core/ports: listedKey listedPrefix',
  'core/testing: chanceOf createTables',
  'handlers/slack: escapeText',
])

/** What is refused by them, or thrown, or looked at however odd it is: they are how everything else refuses. */
const refusing = named([
  'core: codeOf',
  'core/ports: checkReference checkReferenceKey checkStateKey checkStateWrite',
  'core/engine: checked lastEnd nextEnd',
  'handlers/aws: answered classified nameOf renewConnections',
  'handlers/dynamodb: ensureUsable keyedOtherwise makeTable',
  'core/log: errorFields forPeople',
  'core/adapter: exact exactJson pathOf nearestName setUpOf unknownProblems zoneOf',
  'core/adapter: called check problemsOf refuse',
  'core/adapter: bare choice closed count duration like list plain port record required text textOr',
  'core: ConfigurationError SpaceshipError Permanent RetryAfter Unavailable',
])

type Args = readonly unknown[]
type Spot = readonly string[]

/** The ways to everything inside of lists and plain objects. */
function spotsIn(value: unknown): Spot[] {
  if (typeof value !== 'object' || value === null || leaves.has(value)) return []
  return Object.entries(value).flatMap(([name, inner]) => [
    [name],
    ...spotsIn(inner).map((rest) => [name, ...rest]),
  ])
}

function replaced(whole: unknown, [name, ...rest]: Spot, value: unknown): unknown {
  if (name === undefined) return value
  const inner = replaced(Object(whole)[name], rest, value)
  return Array.isArray(whole) ? whole.with(Number(name), inner) : { ...Object(whole), [name]: inner }
}

const at = (whole: unknown, spot: Spot) => spot.reduce<unknown>((value, name) => Object(value)[name], whole)

function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null || Array.isArray(value)) return value === null ? 'null' : 'list'
  return typeof value === 'string' ? 'text' : typeof value
}

/** Also right: milliseconds for a duration, and what the call says. What the spot's own shape refuses is never right. */
function mayWork({ args, accepts = {}, shapes }: Call, spot: Spot, odd: unknown): boolean {
  const [index = '', ...rest] = spot
  const names = [Object.keys(shapes)[Number(index)] ?? '', ...rest]
  const shape = shapeAt(shapes, names)
  if (shape !== undefined && problemsOf(shape, odd).length > 0) return false
  const accepted = accepts[names.join('.')] ?? []
  const right = at(args, spot)
  const kinds = [kindOf(right), 'nothing', ...accepted]
  if (typeof right === 'string' && /^\d+(ms|s|m|h|d)$/.test(right)) kinds.push('number')
  return kinds.includes(kindOf(odd)) || accepted[0] === 'anything'
}

/** `works`, `refused`, or what was thrown instead. */
async function outcomeOf({ call, answers = [] }: Call, args: Args): Promise<string> {
  try {
    // Any arguments at all are the point.
    const result: unknown = await call(...(args as never))
    await Object(result)[Symbol.asyncDispose]?.()
    return 'works'
  } catch (error) {
    const { code, problems } = Object(error)
    if (answers.includes(code)) return 'works'
    if (code !== 'configuration') return String(error)
    const advised = problems.every((problem: string) => problem.includes(': expected '))
    return advised && problems.length > 0 ? 'refused' : `no advice: ${problems}`
  }
}

test('every public function is called, or said why not', () => {
  const called = new Set(Object.keys(calls).map((name) => name.replace(/ \(.*/, '')))
  const known = [...called, ...hot, ...refusing]
  expect([...exported.keys()].filter((name) => !known.includes(name))).toEqual([])
  expect(known.filter((name) => !exported.has(name))).toEqual([])
})

test('what stands in the place of options is never shown: it could be a secret', async () => {
  const shown: string[] = []
  for (const [name, { call, args }] of Object.entries(calls)) {
    for (const spot of spotsIn(args).filter((spot) => kindOf(at(args, spot)) === 'object')) {
      try {
        // Any arguments at all are the point.
        await call(...(replaced(args, spot, 'xoxb-secret') as never))
      } catch (error) {
        if (String(error).includes('xoxb-secret')) shown.push(`${name}: ${spot.join('.')}`)
      }
    }
  }
  expect(shown).toEqual([])
})

for (const [name, call] of Object.entries(calls)) {
  test(name, async () => {
    const { args, rightly = 'works' } = call
    expect(await outcomeOf(call, args)).toBe(rightly)
    const wrong: string[] = []
    for (let count = 0; count < args.length; count += 1) {
      const outcome = await outcomeOf(call, args.slice(0, count))
      if (outcome !== 'works' && outcome !== 'refused') wrong.push(`${count} arguments: ${outcome}`)
    }
    for (const spot of spotsIn(args)) {
      for (const [kind, odd] of Object.entries(ODD)) {
        const outcome = await outcomeOf(call, replaced(args, spot, odd) as Args) // a list stays one
        if (outcome !== 'refused' && !(outcome === 'works' && mayWork(call, spot, odd)))
          wrong.push(`${spot.join('.')} is ${kind}: ${outcome}`)
      }
    }
    expect(wrong).toEqual([])
  })
}
