/** The embedded spaceship: `await using ship = await launch({ ... })`. */

export type { Endpoint, KeyType, LaunchOptions, StreamOptions, TableOptions } from './configuration.ts'
export { createEmulators, type Emulators } from './emulator/index.ts'
export type { Faults, Limits, Throttle } from './faults/index.ts'
export type {
  FailedBatch,
  FunctionError,
  FunctionUpdate,
  Invocation,
  Invoked,
  KinesisEventRecord,
  LambdaOptions,
  Mapping,
  StartingPosition,
} from './lambda/index.ts'
export { type ClientConfig, launch, type ShipLambdaOptions, type Spaceship } from './launch.ts'
export type { S3 } from './s3/index.ts'
export type { Scheduler } from './scheduler/index.ts'
export type { Search } from './search/index.ts'
export type { Slack, SlackMessage } from './slack/index.ts'
export type { Sns, SnsMessage } from './sns/index.ts'
export type { Sqs, SqsMessage } from './sqs/index.ts'
export type { QueuedMessage, StepFunctions } from './step-functions/index.ts'
