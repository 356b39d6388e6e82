import type { AwsFault, Fields } from '../http/index.ts'

const SERVICE = 'com.amazonaws.dynamodb.v20120810#'

export function fault(name: string, message: string, fields: Fields = {}): AwsFault {
  return { type: SERVICE + name, message, fields }
}

export function validation(message: string): AwsFault {
  return { type: 'com.amazon.coral.validate#ValidationException', message }
}

export function notFound(message: string): AwsFault {
  return fault('ResourceNotFoundException', message)
}

export const severalOperations = validation(
  'Transaction request cannot include multiple operations on one item',
)

export const missingTable = notFound('Requested resource not found: Table not found')
