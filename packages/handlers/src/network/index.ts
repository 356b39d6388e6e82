export { type ClockOffset, createClockOffset } from './clock-offset.ts'
export { networkCode } from './code.ts'
export { isOfTls } from './tls.ts'
export { withoutArguments } from './without-arguments.ts'
