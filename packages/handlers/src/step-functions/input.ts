/**
 * Owns what an execution is started with. A repeat has the same bytes: Step Functions takes it for the same execution only then.
 * It holds no personal data: the envelope names state.
 */

import { Permanent } from '@spaceship/core'
import type { Execution } from '@spaceship/core/ports'
import { partitionKeyFor } from '../aws/index.ts'

/** Counts the forms of the input, so that a later state machine can tell an earlier form. An execution keeps the definition that it was started with. */
export const SCHEMA_VERSION = 1

/**
 * The envelope is put in as JSON, not as a text: Step Functions writes what it hands to an API as a blob as JSON, and a text would arrive in
 * quotation marks.
 *
 * @throws Permanent for an envelope that is no JSON object
 */
export function inputOf({ dueAt, envelope, partitionKey }: Execution): string {
  return JSON.stringify({
    fireAt: dueAt.toISOString(),
    envelope: objectIn(envelope),
    partitionKey: partitionKeyFor(partitionKey),
    schemaVersion: SCHEMA_VERSION,
  })
}

function objectIn(envelope: string): object {
  const advice = 'expected the text of a JSON object, as the reminders make it'
  let value: unknown
  try {
    value = JSON.parse(envelope)
  } catch (cause) {
    throw new Permanent(`the envelope of the execution is no JSON: ${advice}`, { cause })
  }
  if (typeof value !== 'object' || value === null)
    throw new Permanent(`the envelope of the execution is no JSON object: ${advice}`)
  return value
}
