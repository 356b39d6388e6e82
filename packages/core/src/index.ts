export { type Duration, isDuration, milliseconds } from './duration.ts'
export { ConfigurationError, codeOf, refuse, SpaceshipError } from './errors.ts'
export { Permanent, RetryAfter, Unavailable } from './verdicts.ts'
