/** Owns the question whether an answer came from the embedded spaceship, where nobody keeps an infrastructure. */

/** By the answer that an error of the SDK, or one that was made of it, holds. */
export function isOfEmbeddedShip(error: unknown): boolean {
  const { $response, cause } = Object(error)
  if ($response?.headers?.server === 'spaceship') return true
  return cause !== undefined && cause !== error && isOfEmbeddedShip(cause)
}
