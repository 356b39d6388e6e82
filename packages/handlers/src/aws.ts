/** For whoever calls AWS beside the adapters, as the worker does: `@spaceship/handlers/aws`. */
export { type About, answered, classified, nameOf, PATIENCE, renewConnections } from './aws/index.ts'
