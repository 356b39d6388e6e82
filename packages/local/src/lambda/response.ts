/**
 * What a function's end says about its batch, by Lambda's rules of partial batch responses.
 *
 * | the function                                                              | means                        |
 * |---------------------------------------------------------------------------|------------------------------|
 * | returned nothing, null, no `batchItemFailures`, or null or none in it     | all are done                 |
 * | returned identifiers that are all in the batch                            | done up to the lowest of them |
 * | returned an identifier that is missing, empty, or not in the batch        | none is done                 |
 * | threw, timed out, crashed, or answered with what is not JSON              | none is done                 |
 */

export type Invoked =
  | { readonly requestId: string; readonly response: string }
  | { readonly requestId: string; readonly error: FunctionError }

export interface FunctionError {
  /** As Lambda names it: `Sandbox.Timedout`, `Runtime.ExitError`, or the name of what was thrown. */
  readonly type: string
  readonly message: string
}

export type Verdict = 'done' | 'failed' | { readonly failedFrom: string }

/** @param sequenceNumbers those of the batch */
export function verdictOf(invoked: Invoked, sequenceNumbers: readonly string[]): Verdict {
  if ('error' in invoked) return 'failed'
  let response: unknown
  try {
    response = invoked.response.trim() === '' ? null : JSON.parse(invoked.response)
  } catch {
    return 'failed'
  }
  const failures = isObject(response) ? (response.batchItemFailures ?? []) : []
  if (!Array.isArray(failures)) return 'failed'
  if (failures.length === 0) return 'done'
  const known = new Set(sequenceNumbers)
  const identifiers: string[] = []
  for (const failure of failures) {
    const identifier: unknown = isObject(failure) ? failure.itemIdentifier : undefined
    if (typeof identifier !== 'string' || !known.has(identifier)) return 'failed'
    identifiers.push(identifier)
  }
  // Numbers of unequal length compare wrongly as strings.
  const failedFrom = identifiers.reduce((lowest, number) =>
    BigInt(number) < BigInt(lowest) ? number : lowest,
  )
  return { failedFrom }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
