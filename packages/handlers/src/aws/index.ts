export { classified, nameOf } from './errors.ts'
