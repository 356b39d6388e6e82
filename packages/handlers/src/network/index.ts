export { networkCode } from './code.ts'
