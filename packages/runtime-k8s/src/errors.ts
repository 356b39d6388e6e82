/** The name that the AWS SDK gives an error: what its documentation lists. */
export function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : 'unknown'
}
