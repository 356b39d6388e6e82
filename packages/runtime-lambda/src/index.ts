export type { KinesisBatchResponse, KinesisEvent, KinesisEventRecord } from './event.ts'
export type { DirectInvocation } from './invocation.ts'
export { type KinesisHandler, type LambdaContext, type LambdaOptions, lambda } from './lambda.ts'
