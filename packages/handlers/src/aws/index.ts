export { isOfEmbeddedShip } from './embedded.ts'
export { type About, classified, nameOf, ofName } from './errors.ts'
export { partitionKeyFor } from './partition-key.ts'
export { client, nameFor } from './shapes.ts'
