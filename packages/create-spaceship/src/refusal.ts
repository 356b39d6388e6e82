/** What a user asked wrongly: said in one line, without a stack trace. */
export class SpaceshipCreateError extends Error {
  readonly code = 'usage'
}
