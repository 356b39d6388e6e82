import type { StandardSchemaV1 } from '@standard-schema/spec'
import { SpaceshipError } from '../errors.ts'

/** Validates with any Standard Schema; a promise only if the schema needs one. */
export function validate(
  schema: StandardSchemaV1,
  value: unknown,
): StandardSchemaV1.Result<unknown> | Promise<StandardSchemaV1.Result<unknown>> {
  return schema['~standard'].validate(value)
}

/** The output of a schema. @throws SpaceshipError `schema` that names what does not fit, and where */
export async function fitted(schema: StandardSchemaV1, value: unknown, what: string): Promise<unknown> {
  const result = await validate(schema, value)
  if (!result.issues) return result.value
  throw new SpaceshipError('schema', `${what} does not fit its schema: ${describeIssues(result.issues)}`)
}

/** What is wrong with a schema and its key function, for callers without types. */
export function payloadProblems(field: string, schema: unknown, key?: unknown): string[] {
  return [
    ...(typeof Object(schema)['~standard']?.validate === 'function'
      ? []
      : [`'${field}' is no Standard Schema: give one of zod, valibot or arktype`]),
    ...(key === undefined || typeof key === 'function'
      ? []
      : ["'key' is no function: give one from the payload to its key"]),
  ]
}

/** Paths and what was wrong there, never the values. */
export function describeIssues(issues: readonly StandardSchemaV1.Issue[]): string {
  return issues
    .slice(0, 5)
    .map(({ path = [], message }) => {
      const names = path.map((part) => String(typeof part === 'object' ? part.key : part))
      return names.length === 0 ? message : `at ${names.join('.')}: ${message}`
    })
    .join('; ')
}
