export { type EmbeddedStepFunctions, type StepFunctions, startStepFunctions } from './start.ts'
export type { QueuedMessage } from './tasks.ts'
