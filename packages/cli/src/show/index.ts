export { EXIT, exitOf, messageOf, usage } from './failure.ts'
export { paint } from './paint.ts'
export { table } from './table.ts'
export { ago, took } from './time.ts'
