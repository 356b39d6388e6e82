export { classified, nameOf } from './errors.ts'
export { client, nameFor } from './shapes.ts'
