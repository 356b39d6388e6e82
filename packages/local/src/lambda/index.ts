export type { KinesisEventRecord } from './event.ts'
export type { FailedBatch } from './failed-batch.ts'
export { type Invocation, type LambdaOptions, type Mapping, startLambda } from './mapping.ts'
export type { StartingPosition } from './reader.ts'
