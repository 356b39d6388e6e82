/** Owns how a request's fields are read: names, ARNs and pages. */

import type { AwsFault, Fields } from '../http/index.ts'
import { refusals } from './refusal.ts'

export const ACCOUNT = '000000000000'

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what Step Functions refuses.
const FORBIDDEN = /[\s<>{}[\]?*"#%\\^|~`$&,;:/\u0000-\u001f\u007f-\u009f]/

export function isName(name: unknown): name is string {
  return typeof name === 'string' && name.length >= 1 && name.length <= 80 && !FORBIDDEN.test(name)
}

const ARN = /^arn:[^:]+:states:[^:]*:[^:]*:(stateMachine|execution):(.+)$/

/** What of an ARN names a state machine (`reminders`) or an execution (`reminders:n`); undefined if it is no such ARN. */
export function named(kind: 'stateMachine' | 'execution', arn: unknown): string | undefined {
  const [, found, rest] = typeof arn === 'string' ? (ARN.exec(arn) ?? []) : []
  return found === kind ? rest : undefined
}

export interface Page<T> {
  readonly items: readonly T[]
  readonly nextToken?: string
}

/** A page of what is listed in order. @param placeOf where an item stands, greater for a later one */
export function pageOf<T>(
  all: readonly T[],
  placeOf: (item: T) => number,
  { maxResults, nextToken }: Fields,
): Page<T> | AwsFault {
  const limit = maxResults === undefined || maxResults === 0 ? 100 : Number(maxResults)
  if (!Number.isInteger(limit) || limit < 1 || limit > 1_000)
    return refusals.validation('maxResults must be a number from 0 to 1000.')
  const after = nextToken === undefined ? -1 : placeIn(nextToken)
  if (after === undefined) return refusals.token()
  const left = all.filter((item) => placeOf(item) > after)
  const items = left.slice(0, limit)
  const last = items.at(-1)
  if (left.length === items.length || last === undefined) return { items }
  return { items, nextToken: Buffer.from(`at ${placeOf(last)}`).toString('base64url') }
}

function placeIn(token: unknown): number | undefined {
  const [, place] = /^at (\d{1,16})$/.exec(Buffer.from(String(token), 'base64url').toString()) ?? []
  return place === undefined ? undefined : Number(place)
}
