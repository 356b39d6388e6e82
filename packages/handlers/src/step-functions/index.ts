export type { PolicyStatement } from '../aws/index.ts'
export {
  type MachineState,
  type ReminderMachine,
  type ReminderMachineOptions,
  type ReminderTarget,
  reminderMachine,
} from './machine.ts'
export {
  type ReminderCallerPolicyOptions,
  type ReminderMachinePolicyOptions,
  reminderCallerPolicy,
  reminderMachinePolicy,
} from './policy.ts'
export { type StepFunctionsOptions, stepFunctions } from './scheduler.ts'
