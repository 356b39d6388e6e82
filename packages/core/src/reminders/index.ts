export { createReminders, type Reminders, type RemindersOptions } from './reminders.ts'
