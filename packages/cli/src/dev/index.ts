export type { Plan } from './plan.ts'
export { type Heard, session } from './session.ts'
export { shownLine, shownTrail } from './shown.ts'
