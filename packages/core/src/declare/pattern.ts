/**
 * Patterns over a change. A rule on a field says that the field changed, and how:
 *
 * | rule                          | matches a change of the field                                     |
 * |-------------------------------|-------------------------------------------------------------------|
 * | `{}`                          | to anything else                                                  |
 * | `{ from: 'trial' }`           | away from this value (a list: from one of these)                  |
 * | `{ to: 'paid' }`              | to this value (a list: to one of these)                           |
 * | `{ from: undefined }`         | from missing or null to a value; never "from anything"            |
 * | `(before, after) => boolean`  | as the predicate says, also without a change; not asynchronous     |
 *
 * The types follow the same table, so that handlers see `'trial'` and `'paid'`, not the whole union.
 */

import { isRecord } from '../foreign.ts'
import { like, problemsOf, record, required } from '../shapes.ts'
import { answerOf } from './answers.ts'
import type { Row } from './event.ts'
import type { Field } from './excess.ts'

// Written out twice, since the type checker shows a name in the place of the values that it stands for. The last member names the
// `undefined` of a field that may only be missing.
export type FieldRule<V> =
  | ((before: V, after: V) => boolean)
  | {
      /** The value before the change, or a list of such values. `undefined` stands for missing or null. Of a field that holds a list, a list of lists. @default any other than after it */
      readonly from?:
        | (V extends readonly unknown[] ? never : V)
        | readonly V[]
        | (undefined extends V ? undefined : never)
      /** The value after the change, or a list of such values. `undefined` stands for missing or null. Of a field that holds a list, a list of lists. @default any other than before it */
      readonly to?:
        | (V extends readonly unknown[] ? never : V)
        | readonly V[]
        | (undefined extends V ? undefined : never)
    }

/** What a field holds; nothing in the shapes that do not have it. */
type Value<T, K> = T extends unknown ? (K extends keyof T ? T[K] : undefined) : never

export type Pattern<T> = { readonly [K in Field<T>]?: FieldRule<Value<T, K>> }

type Nothing = null | undefined

/** The values that one side names; `undefined` stands for every form of "nothing". */
type Named<X> = X extends readonly (infer I)[] ? I : X extends undefined | null ? Nothing : X

/**
 * What is left when only the other side names `X`: the field changed, so it cannot have that single value. What is known as `string` or `Date` alone
 * is some value of many, and another one is left.
 */
type Rest<X, V> = X extends undefined | null
  ? Exclude<V, Nothing>
  : X extends object
    ? V
    : X extends string | number
      ? Empty extends Record<X, 1>
        ? V
        : Exclude<V, X>
      : bigint extends X
        ? V
        : Exclude<V, X>

/** Fits a record of all strings, and not one of a single word. */
type Empty = Record<never, never>

// Intersections, because they cost the type checker half of what leaving fields out does: `npm run bench -- types`.

/** The row before a change that matched `P`. */
export type BeforeMatch<T, P> = T & {
  readonly [K in keyof P]: P[K] extends { readonly from: infer X }
    ? Named<X>
    : P[K] extends { readonly to: infer X }
      ? Rest<X, Value<T, K>>
      : unknown
}

/** The row after a change that matched `P`. */
export type AfterMatch<T, P> = T & {
  readonly [K in keyof P]: P[K] extends { readonly to: infer X }
    ? Named<X>
    : P[K] extends { readonly from: infer X }
      ? Rest<X, Value<T, K>>
      : unknown
}

export type Rule =
  | ((before: unknown, after: unknown) => boolean)
  | { readonly from?: unknown; readonly to?: unknown }

/**
 * Compiles a pattern to a predicate over two parsed rows, which throws nothing but a SpaceshipError `schema`: if a predicate of the
 * pattern throws or answers with a promise, or a row cannot be looked at.
 *
 * @param event has the pattern
 */
export function matcher(
  pattern: Readonly<Record<string, unknown>>,
  event: string,
): (before: Row, after: Row) => boolean {
  const rules = rulesOf(pattern).map(([field, rule]) => ({
    field,
    rule,
    what: `the pattern of '${event}', at '${field}',`,
  }))
  return (before, after) =>
    rules.every(({ field, rule, what }) => answerOf(() => obeys(rule, before[field], after[field]), what))
}

export const PATTERN = { pattern: record({}) }

const RULE = required(
  like(
    "an object with 'from' and 'to', or a function",
    (rule) => typeof rule === 'function' || isRecord(rule),
  ),
)

/** The problems of a pattern that is an object: rules that no change can obey, and, for callers without types, other values. */
export function patternProblems(pattern: Readonly<Record<string, unknown>>): string[] {
  if (!isRecord(pattern)) return []
  return rulesOf(pattern).flatMap(([field, rule]) => {
    const problems = problemsOf(RULE, rule, `pattern.${field}`)
    if (typeof rule === 'function' || problems.length > 0) return problems
    const { from, to, ...rest } = rule
    const stays = 'from' in rule && 'to' in rule && !Array.isArray(from) && !Array.isArray(to)
    return [
      ...Object.keys(rest).map((name) => `'pattern.${field}' has '${name}': expected 'from' and 'to' only`),
      ...(stays && same(from, to)
        ? [`'pattern.${field}' has one value as 'from' and as 'to', which is no change: expected two values`]
        : []),
      ...Object.entries({ from, to })
        .filter(([, choice]) => Array.isArray(choice) && choice.length === 0)
        .map(([name]) => `'pattern.${field}.${name}' is empty: expected at least one value`),
    ]
  })
}

export function rulesOf(pattern: Readonly<Record<string, unknown>>): [field: string, rule: Rule][] {
  // Pattern<T> constrained every rule at the call of `changed`, where all patterns come from.
  return Object.entries(pattern) as [string, Rule][]
}

export function obeys(rule: Rule, before: unknown, after: unknown): boolean {
  if (typeof rule === 'function') return rule(before, after)
  if (same(before, after)) return false
  if ('from' in rule && !oneOf(rule.from, before)) return false
  return !('to' in rule) || oneOf(rule.to, after)
}

export function oneOf(choice: unknown, value: unknown): boolean {
  return Array.isArray(choice) ? choice.some((item) => same(item, value)) : same(choice, value)
}

/** Structural equality; null and undefined are both "nothing". Knows what parsed rows hold: sets, binary, dates, objects of a class. */
export function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b) || ((a ?? undefined) === undefined && (b ?? undefined) === undefined)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false
  if (a instanceof Date && b instanceof Date) return a.getTime() === b.getTime()
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b) === 0
  if (a instanceof Set && b instanceof Set) return sameSets(a, b)
  if (a instanceof Map && b instanceof Map) {
    return a.size === b.size && [...a].every(([key, value]) => b.has(key) && same(value, b.get(key)))
  }
  const left = Object.entries(a)
  const right = new Map(Object.entries(b))
  // What a transform made may show no fields (a URL, a Temporal date): then its JSON tells.
  if (left.length === 0 && right.size === 0) return JSON.stringify(a) === JSON.stringify(b)
  return (
    left.length === right.size && left.every(([key, value]) => right.has(key) && same(value, right.get(key)))
  )
}

/** Texts, numbers and binary are looked up, as an image may hold a million of them; what else a transform put in, is sought. */
function sameSets(a: ReadonlySet<unknown>, b: ReadonlySet<unknown>): boolean {
  if (a.size !== b.size) return false
  const [left, right] = [itemsOf(a), itemsOf(b)]
  return (
    left.known.size === right.known.size &&
    [...left.known].every((item) => right.known.has(item)) &&
    left.others.every((item) => right.others.some((other) => same(item, other)))
  )
}

function itemsOf(set: ReadonlySet<unknown>): { readonly known: Set<unknown>; readonly others: unknown[] } {
  const known = new Set<unknown>()
  const others: unknown[] = []
  for (const item of set) {
    if (item instanceof Uint8Array) known.add(`binary ${Buffer.from(item).toString('latin1')}`)
    else if (typeof item === 'string') known.add(`text ${item}`)
    else if (typeof item === 'object' || item === undefined) others.push(item)
    else known.add(item)
  }
  return { known, others }
}
