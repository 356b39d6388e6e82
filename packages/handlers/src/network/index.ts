export { networkCode } from './code.ts'
export { withoutArguments } from './without-arguments.ts'
