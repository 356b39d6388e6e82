export { networkCode } from './code.ts'
export { isOfTls } from './tls.ts'
export { withoutArguments } from './without-arguments.ts'
