/** A function for the same clients on Powertools: its batch processor, its parser, and the onboarding example's schemas. */

import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch'
import { KinesisDynamoDBStreamSchema } from '@aws-lambda-powertools/parser/schemas/kinesis'
import * as z from 'zod'

const Client = z.object({
  id: z.string(),
  name: z.string(),
  plan: z.enum(['trial', 'paid', 'churned']),
  seats: z.number().int(),
  tutorialStartedAt: z.iso.datetime().optional(),
})
const Invoice = z.object({ clientId: z.string(), amount: z.number() })
const Tutorial = z.object({ clientId: z.string(), name: z.string() })
const Change = z.object({
  kinesis: z.object({ data: z.object({ dynamodb: z.object({ NewImage: Client }) }) }),
})

const processor = new BatchProcessor(EventType.KinesisDataStreams)

export async function handler(event: unknown): Promise<unknown> {
  const parsed = KinesisDynamoDBStreamSchema.parse(event)
  return processPartialResponse(
    parsed,
    async (record: unknown) => z.union([Change, Invoice, Tutorial]).parse(record),
    processor,
  )
}
