export { type ClockOffset, createClockOffset } from './clock-offset.ts'
export { networkCode } from './code.ts'
export { withoutArguments } from './without-arguments.ts'
