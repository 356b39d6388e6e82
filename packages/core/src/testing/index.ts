export {
  type Again,
  type Harness,
  type HarnessOptions,
  type HarnessPorts,
  harness,
  type PendingReminder,
} from './harness.ts'
