/**
 * Owns what is made of a schema: one of any library, or of none. Whatever it throws or answers, a result of ours comes out, or a
 * SpaceshipError `schema`; what a foreign object shows is read once, and here.
 */

import type { StandardSchemaV1 } from '@standard-schema/spec'
import { SpaceshipError } from '../errors.ts'
import { cut, fieldOf, ignoreRejection, isThenable, kindOf } from '../foreign.ts'
import { declaredNames } from './names.ts'

export type Validated = { readonly value: unknown; readonly issues?: undefined } | { readonly issues: Issues }

/** What a schema says that does not fit, for {@link describeIssues}. */
export interface Issues {
  readonly schema: StandardSchemaV1
  readonly list: readonly StandardSchemaV1.Issue[]
}

/**
 * Validates with any Standard Schema; a promise only if the schema needs one.
 *
 * @throws SpaceshipError `schema` (or the promise rejects with it) if the schema throws, or answers with no result
 */
export function validate(schema: StandardSchemaV1, value: unknown): Validated | Promise<Validated> {
  try {
    const result: unknown = schema['~standard'].validate(value)
    return isThenable(result) ? settled(schema, result) : resultOf(schema, result)
  } catch (error) {
    throw brokenBy(error)
  }
}

async function settled(schema: StandardSchemaV1, result: PromiseLike<unknown>): Promise<Validated> {
  try {
    return resultOf(schema, await result)
  } catch (error) {
    throw brokenBy(error)
  }
}

function resultOf(schema: StandardSchemaV1, result: unknown): Validated {
  if (typeof result !== 'object' || result === null) throw noResult()
  // A record goes through here: each property is read once. What it holds is looked at where issues are described.
  const { issues, value } = result as {
    readonly issues?: readonly StandardSchemaV1.Issue[]
    readonly value?: unknown
  }
  if (issues) return { issues: { schema, list: issues } }
  if (value === undefined && !('value' in result)) throw noResult()
  return { value }
}

function noResult(): SpaceshipError {
  return new SpaceshipError('schema', 'its schema answered with no result of Standard Schema')
}

function brokenBy(cause: unknown): SpaceshipError {
  // Somebody may throw a promise, which nobody waits for.
  ignoreRejection(cause)
  return isOurs(cause) ? cause : new SpaceshipError('schema', 'its schema threw', { cause })
}

function isOurs(error: unknown): error is SpaceshipError {
  try {
    return error instanceof SpaceshipError && error.code === 'schema'
  } catch {
    // A proxy may refuse even that.
    return false
  }
}

/** The output of a schema. @throws SpaceshipError `schema` that names what does not fit, and where */
export async function fitted(schema: StandardSchemaV1, value: unknown, what: string): Promise<unknown> {
  let result: Validated
  try {
    result = await validate(schema, value)
  } catch (cause) {
    // Nothing else is thrown there.
    throw new SpaceshipError('schema', `${what}: ${(cause as SpaceshipError).message}`, { cause })
  }
  if (!result.issues) return result.value
  throw new SpaceshipError(
    'schema',
    `${what} does not fit its schema: ${describeIssues(result.issues, value)}`,
  )
}

/** So many are told, and of each so many characters: they are kept with a record. */
const MOST_ISSUES = 5
const LONGEST = 300

/**
 * Where it does not fit, and in what: the path of each issue, its kind, and the kind of what stands there. Never what a validator says in
 * words of its own: with valibot and arktype its messages hold the value, with any library a user's may. A path shows the places in lists
 * and the names that the schema declares; any other name is `*`, for records and maps are keyed by data. Never throws, whatever the issues
 * are.
 *
 * @param value what was validated
 * @returns such as `at iban: picklist, given a string; at prices.*: invalid_type, expected number, given undefined`
 */
export function describeIssues({ schema, list }: Issues, value: unknown): string {
  try {
    const declared = declaredNames(schema)
    const told = Array.from(list).slice(0, MOST_ISSUES)
    const [first, ...more] = told.map((issue) => describeIssue(issue, value, declared))
    return [first ?? 'its schema names no issue', ...more].join('; ')
  } catch {
    return 'its schema names issues that cannot be read'
  }
}

function describeIssue(issue: StandardSchemaV1.Issue, value: unknown, declared: ReadonlySet<string>): string {
  try {
    const { path }: { readonly path?: unknown } = issue
    const parts = Array.isArray(path) ? path.slice(0, LONGEST).map(partOf) : []
    const { shown, there } = followed(parts, value, declared)
    const words = [kindIn(issue), ...expectedIn(issue), `given ${typeOf(there)}`].join(', ')
    return shown.length === 0 ? words : `at ${cut(shown.join('.'), LONGEST)}: ${words}`
  } catch {
    return 'an issue that cannot be read'
  }
}

/** A path as it may be shown, and what stands at its end. */
function followed(parts: readonly unknown[], value: unknown, declared: ReadonlySet<string>) {
  const shown: string[] = []
  let there = value
  for (const part of parts) {
    const name = typeof part === 'string' || typeof part === 'number' ? String(part) : ''
    const isPlace = Array.isArray(there) && /^\d{1,9}$/.test(name)
    shown.push(isPlace || declared.has(name) ? name : '*')
    there = name === '' ? undefined : fieldOf(there, name)
  }
  return { shown, there }
}

function partOf(part: unknown): unknown {
  return typeof part === 'object' && part !== null && 'key' in part ? part.key : part
}

/** The fields in which libraries name the kind of an issue: zod and arktype `code`, valibot `type`. A kind is a word; anything else may be data. */
function kindIn(issue: object): string {
  const words = ['code', 'type'].map((name) => fieldOf(issue, name))
  return words.filter(isText).find((word) => /^[a-z][a-z_]{0,39}$/i.test(word)) ?? 'it does not fit'
}

const TYPES: ReadonlySet<unknown> = new Set(
  'string number int bigint boolean symbol undefined null object array record tuple map set date function nan'.split(
    ' ',
  ),
)

/** The type that a schema asks for, where it is one of the language: other expectations are words of somebody's own. */
function expectedIn(issue: object): string[] {
  const type = fieldOf(issue, 'expected')
  return TYPES.has(type) ? [`expected ${String(type)}`] : []
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function typeOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  // What DynamoDB's sets and binary become, and what is easily mistaken for them.
  const own = [Set, Map, Uint8Array, Date].find((kind) => value instanceof kind)
  if (own !== undefined) return `a ${own.name}`
  return kindOf(value)
}
