/**
 * Patterns over a change. A rule on a field says that the field changed, and how:
 *
 * | rule                          | matches a change of the field                                     |
 * |-------------------------------|-------------------------------------------------------------------|
 * | `{}`                          | to anything else                                                  |
 * | `{ from: 'trial' }`           | away from this value (a list: from one of these)                  |
 * | `{ to: 'paid' }`              | to this value (a list: to one of these)                           |
 * | `{ from: undefined }`         | from missing or null to a value; never "from anything"            |
 * | `(before, after) => boolean`  | as the predicate says, also without a change                      |
 *
 * The types follow the same table, so that handlers see `'trial'` and `'paid'`, not the whole union.
 */

import type { Row } from './event.ts'

type Choice<V> = V | readonly V[]

export type FieldRule<V> =
  | ((before: V, after: V) => boolean)
  | { readonly from?: Choice<V>; readonly to?: Choice<V> }

export type Pattern<T> = { readonly [K in keyof T]?: FieldRule<T[K]> }

/** A pattern may name fields of `T` only, also where inference would let others pass. */
export type Exactly<P, T> = { readonly [K in Exclude<keyof P, keyof T>]: never }

type Nothing = null | undefined
type Opposite<S> = S extends 'from' ? 'to' : 'from'

/** The values of one side when the rule names them. `undefined` stands for every form of "nothing" that `V` has. */
type Side<R, S extends string, V> = R extends { readonly [K in S]: infer X }
  ? X extends readonly (infer I)[]
    ? I
    : X extends undefined
      ? undefined | Extract<V, null>
      : X
  : V

/** What the other side rules out: the field changed, so it cannot have the same single value. */
type Without<R, S extends string, V> = R extends { readonly [K in S]: infer X }
  ? X extends readonly unknown[]
    ? V
    : Exclude<V, X extends undefined ? Nothing : X>
  : V

/** The row type on one side of a change that matched `P`. */
export type Narrow<T, P, S extends 'from' | 'to'> = T extends unknown
  ? Omit<T, keyof P> & { readonly [K in keyof P & keyof T]: Without<P[K], Opposite<S>, Side<P[K], S, T[K]>> }
  : never

type Rule =
  | ((before: unknown, after: unknown) => boolean)
  | { readonly from?: unknown; readonly to?: unknown }

/** Compiles a pattern to a predicate over two parsed rows. */
export function matcher(pattern: Readonly<Record<string, unknown>>): (before: Row, after: Row) => boolean {
  // Pattern<T> constrained every rule at the call of `changed`, the only caller.
  const rules = Object.entries(pattern) as [string, Rule][]
  return (before, after) => rules.every(([field, rule]) => obeys(rule, before[field], after[field]))
}

function obeys(rule: Rule, before: unknown, after: unknown): boolean {
  if (typeof rule === 'function') return rule(before, after)
  if (same(before, after)) return false
  if ('from' in rule && !oneOf(rule.from, before)) return false
  return !('to' in rule) || oneOf(rule.to, after)
}

function oneOf(choice: unknown, value: unknown): boolean {
  return Array.isArray(choice) ? choice.some((item) => same(item, value)) : same(choice, value)
}

/** Structural equality; null and undefined are both "nothing". Knows what parsed rows hold: sets, binary, dates, objects of a class. */
export function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b) || ((a ?? undefined) === undefined && (b ?? undefined) === undefined)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false
  if (a instanceof Date && b instanceof Date) return a.getTime() === b.getTime()
  if (a instanceof Set && b instanceof Set) {
    return (
      a.size === b.size && [...a].every((item) => b.has(item) || [...b].some((other) => same(item, other)))
    )
  }
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
