/** Owns what SQS refuses, in its words: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html */

import type { AwsFault } from '../http/index.ts'

/** @param query what the error was called before SQS spoke JSON, where that differs */
function refusal(type: string, message: string, query = type): Refused {
  return { type: `com.amazonaws.sqs#${type}`, message, query }
}

export interface Refused extends AwsFault {
  readonly query: string
}

export const refusals = {
  noQueue: () =>
    refusal(
      'QueueDoesNotExist',
      'The specified queue does not exist.',
      'AWS.SimpleQueueService.NonExistentQueue',
    ),
  queueName: () =>
    refusal(
      'InvalidParameterValue',
      'Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length',
    ),
  differs: () =>
    refusal(
      'QueueNameExists',
      'A queue already exists with the same name and a different value.',
      'QueueAlreadyExists',
    ),
  attribute: (name: string) => refusal('InvalidAttributeName', `Unknown Attribute ${name}.`),
  attributeValue: (name: string) =>
    refusal('InvalidAttributeValue', `Invalid value for the parameter ${name}.`),
  missing: (name: string) => refusal('MissingParameter', `The request must contain the parameter ${name}.`),
  invalid: (reason: string) => refusal('InvalidParameterValue', reason),
  parameter: (name: string, value: unknown, reason: string) =>
    refusal('InvalidParameterValue', `Value ${value} for parameter ${name} is invalid. Reason: ${reason}`),
  contents: () =>
    refusal('InvalidMessageContents', 'The message contains characters outside the allowed set.'),
  receipt: () => refusal('ReceiptHandleIsInvalid', 'The input receipt handle is invalid.'),
  noEntries: () =>
    refusal(
      'EmptyBatchRequest',
      'There should be at least one entry in the request.',
      'AWS.SimpleQueueService.EmptyBatchRequest',
    ),
  manyEntries: () =>
    refusal(
      'TooManyEntriesInBatchRequest',
      'Maximum number of entries per request are 10.',
      'AWS.SimpleQueueService.TooManyEntriesInBatchRequest',
    ),
  entryIds: () =>
    refusal(
      'BatchEntryIdsNotDistinct',
      'Two or more batch entries in the request have the same Id.',
      'AWS.SimpleQueueService.BatchEntryIdsNotDistinct',
    ),
  entryId: () =>
    refusal(
      'InvalidBatchEntryId',
      'A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.',
      'AWS.SimpleQueueService.InvalidBatchEntryId',
    ),
  tooLong: () =>
    refusal(
      'BatchRequestTooLong',
      'Batch requests cannot be longer than 1048576 bytes.',
      'AWS.SimpleQueueService.BatchRequestTooLong',
    ),
  unknown: (operation: string) =>
    refusal('UnknownOperationException', `The embedded SQS has no operation '${operation}'.`),
  body: () => refusal('SerializationException', 'The request body is not a JSON object.'),
} as const
