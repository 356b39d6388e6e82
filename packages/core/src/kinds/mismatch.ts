/** Owns the words for a change that does not obey a pattern. Never decides whether it does: that is `pattern.ts`. */

import type { Row } from '../declare/event.ts'
import { obeys, oneOf, type Rule, rulesOf, same } from '../declare/pattern.ts'
import { cut } from '../foreign.ts'

/** The first rule that the change does not obey, in words; undefined if it obeys them all. */
export function mismatch(
  pattern: Readonly<Record<string, unknown>>,
  { before = {}, after = {} }: { readonly before?: Row; readonly after?: Row },
): string | undefined {
  const broken = rulesOf(pattern).find(([field, rule]) => !obeys(rule, before[field], after[field]))
  if (broken === undefined) return undefined
  const [field, rule] = broken
  return complaint(field, rule, before[field], after[field])
}

function complaint(field: string, rule: Rule, before: unknown, after: unknown): string {
  if (typeof rule !== 'function' && same(before, after)) return `'${field}' did not change (${show(before)})`
  const went = `'${field}' went from ${show(before)} to ${show(after)}`
  if (typeof rule === 'function') return `${went}, its predicate says no`
  if ('from' in rule && !oneOf(rule.from, before))
    return `${went}, the pattern asks for a change from ${showChoice(rule.from)}`
  return `${went}, the pattern asks for ${showChoice(rule.to)}`
}

function showChoice(choice: unknown): string {
  return Array.isArray(choice) ? choice.map(show).join(' or ') : show(choice)
}

function show(value: unknown): string {
  if (value === undefined || value === null) return 'nothing'
  if (typeof value === 'string') return `'${cut(value, 40)}'`
  return typeof value === 'object' ? 'an object' : String(value)
}
