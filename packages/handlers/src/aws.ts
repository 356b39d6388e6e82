/** For whoever calls AWS beside the adapters, as the worker does: `@spaceship/handlers/aws`. */
export { type About, classified, nameOf, renewConnections } from './aws/index.ts'
