export { type Duration, isDuration, milliseconds } from './duration.ts'
export { ConfigurationError, codeOf, Permanent, RetryAfter, refuse, SpaceshipError, Unavailable } from './errors.ts'
