export { type StepFunctionsOptions, stepFunctions } from './scheduler.ts'
