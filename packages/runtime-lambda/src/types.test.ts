/** The types that the field uses for Kinesis functions (`@types/aws-lambda`, which middy and Powertools build on) take ours. */

import type { Handler as AnyHandler, KinesisStreamBatchResponse, KinesisStreamHandler } from 'aws-lambda'
import { expectTypeOf, test } from 'vitest'
import type { KinesisBatchResponse, KinesisHandler, lambda } from './index.ts'

interface Response {
  batchItemFailures: { itemIdentifier: string }[]
}
interface Event {
  Records: {
    awsRegion: string
    eventID: string
    eventSourceARN: string
    kinesis: {
      data: string
      partitionKey: string
      sequenceNumber: string
      approximateArrivalTimestamp: number
    }
  }[]
}
interface Context {
  getRemainingTimeInMillis(): number
  awsRequestId: string
}
/** As `Handler` there: it is told of a callback, and may answer by it or by a promise. */
// biome-ignore lint/suspicious/noConfusingVoidType: as it is written there
type Handler = (event: Event, context: Context, callback: unknown) => void | Promise<Response | void>

test('a handler of ours is one of theirs, and its response may be changed by what wraps it', () => {
  expectTypeOf<KinesisHandler>().toExtend<Handler>()
  expectTypeOf<KinesisBatchResponse>().toEqualTypeOf<Response>()
  expectTypeOf<Awaited<ReturnType<KinesisHandler>>>().toExtend<Response>()
})

test('what `lambda()` gives is what `@types/aws-lambda` calls the handler of a Kinesis stream', () => {
  expectTypeOf<ReturnType<typeof lambda>>().toExtend<KinesisStreamHandler>()
  expectTypeOf<ReturnType<typeof lambda>>().toExtend<
    AnyHandler<Parameters<KinesisStreamHandler>[0], KinesisStreamBatchResponse>
  >()
  expectTypeOf<KinesisBatchResponse>().toEqualTypeOf<KinesisStreamBatchResponse>()
})
