export { type Aggregate, deaggregate, type HashKeyRange, takenBy, type UserRecord } from './aggregate.ts'
export { marshal, unmarshal } from './attributes.ts'
export type { Change } from './change.ts'
export type { CloudEvent } from './cloudevent.ts'
export {
  type DrainEnvelope,
  type Envelope,
  encodeEnvelope,
  envelopeOf,
  type RedriveEnvelope,
  type ReminderEnvelope,
  type TickEnvelope,
} from './envelope.ts'
export { type ExactOptions, exact, exactJson } from './exact.ts'
export type { Wanted } from './outline.ts'
export { pathOf } from './path.ts'
export {
  comparePositions,
  compareSequences,
  formatPosition,
  type Position,
  parsePosition,
} from './position.ts'
export { encodePublished } from './published.ts'
export type { StreamRecord } from './record.ts'
export { tickEnvelope } from './tick.ts'
