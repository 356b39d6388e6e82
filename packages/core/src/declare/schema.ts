/**
 * Owns what is made of a schema: one of any library, or of none. Whatever it throws or answers, a result of ours comes out, or a
 * SpaceshipError `schema`; what a foreign object shows is read once, and here.
 */

import type { StandardSchemaV1 } from '@standard-schema/spec'
import { SpaceshipError } from '../errors.ts'
import { ignoreRejection, isThenable } from '../foreign.ts'

export type Validated =
  | { readonly value: unknown; readonly issues?: undefined }
  | { readonly issues: readonly StandardSchemaV1.Issue[] }

/**
 * Validates with any Standard Schema; a promise only if the schema needs one.
 *
 * @throws SpaceshipError `schema` (or the promise rejects with it) if the schema throws, or answers with no result
 */
export function validate(schema: StandardSchemaV1, value: unknown): Validated | Promise<Validated> {
  try {
    const result: unknown = schema['~standard'].validate(value)
    return isThenable(result) ? settled(result) : resultOf(result)
  } catch (error) {
    throw brokenBy(error)
  }
}

async function settled(result: PromiseLike<unknown>): Promise<Validated> {
  try {
    return resultOf(await result)
  } catch (error) {
    throw brokenBy(error)
  }
}

function resultOf(result: unknown): Validated {
  if (typeof result !== 'object' || result === null) throw noResult()
  // A record goes through here: each property is read once. What it holds is looked at where issues are described.
  const { issues, value } = result as {
    readonly issues?: readonly StandardSchemaV1.Issue[]
    readonly value?: unknown
  }
  if (issues) return { issues }
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
  throw new SpaceshipError('schema', `${what} does not fit its schema: ${describeIssues(result.issues)}`)
}

/** So many are told, and of each so many characters: they are kept with a record. */
const MOST_ISSUES = 5
const LONGEST = 300

/** Paths and what was wrong there, never the values. Never throws, whatever the issues are. */
export function describeIssues(issues: readonly StandardSchemaV1.Issue[]): string {
  try {
    const [first, ...more] = Array.from(issues).slice(0, MOST_ISSUES).map(describeIssue)
    return [first ?? 'its schema names no issue', ...more].join('; ')
  } catch {
    return 'its schema names issues that cannot be read'
  }
}

function describeIssue(issue: StandardSchemaV1.Issue): string {
  try {
    const { path, message }: { readonly path?: unknown; readonly message?: unknown } = issue
    const said = typeof message === 'string' ? message.slice(0, LONGEST) : 'an issue without a message'
    const names = Array.isArray(path) ? path.slice(0, LONGEST).map(nameOf) : []
    return names.length === 0 ? said : `at ${names.join('.').slice(0, LONGEST)}: ${said}`
  } catch {
    return 'an issue that cannot be read'
  }
}

function nameOf(part: unknown): string {
  return String(typeof part === 'object' && part !== null && 'key' in part ? part.key : part)
}
