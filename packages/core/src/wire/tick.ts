import { bare, check, required, text } from '../shapes.ts'
import { encodeEnvelope } from './envelope.ts'

export const TICK = {
  options: bare({
    application: required(text('the name of the application')),
    route: required(text("a route, such as 'reactor/route'")),
    scheduled: text('a time in ISO 8601'),
  }),
}

/**
 * The record that ticks a route made with `every`, as the input of an EventBridge schedule whose target is Kinesis PutRecord;
 * use the route as its partition key, so that its ticks stay in one lane. A tick that comes twice, or late, does no harm.
 *
 * @throws ConfigurationError that lists every problem
 * @param scheduled ISO 8601. @default what EventBridge Scheduler replaces by the time it was scheduled for
 * @example
 * const data = tickEnvelope({ application: 'onboarding', route: 'error-watch/count-errors' })
 */
export function tickEnvelope(options: {
  readonly application: string
  readonly route: string
  readonly scheduled?: string
}): string {
  check('tickEnvelope', TICK, { options })
  const { application, route, scheduled = '<aws.scheduler.scheduled-time>' } = options
  return encodeEnvelope({ kind: 'tick', application, route, scheduled })
}
