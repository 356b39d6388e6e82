/** What the tests of the wire share: change records as DynamoDB writes them, and the change in one. */

import { read } from '../src/kinds/read.ts'
import type { Change } from '../src/wire/index.ts'

type Json = Readonly<Record<string, unknown>>

/** The text of a record in AWS's order. Members of `more` and `dynamodb` come in their places, or last. */
export function recordText(dynamodb: Json, more: Json = {}): string {
  return JSON.stringify({
    awsRegion: 'eu-west-1',
    eventID: '9dd2f1c0-7a11-4c57-8f44-0a7d2b6a6e11',
    eventName: 'MODIFY',
    userIdentity: null,
    recordFormat: 'application/json',
    tableName: 'clients',
    ...more,
    dynamodb: {
      ApproximateCreationDateTime: 1_796_000_000_000_000,
      ApproximateCreationDateTimePrecision: 'MICROSECOND',
      Keys: { id: { S: 'a' } },
      ...dynamodb,
      SizeBytes: 60,
    },
    eventSource: 'aws:dynamodb',
  })
}

/** The change in this text. @throws if it is none, or is not wanted */
export function changeIn(
  text: string,
  wanted: (table: string, kind: string) => boolean = () => true,
): Change {
  const found = read(Buffer.from(text), wanted)
  if (found.kind !== 'change') throw new Error(`read as ${JSON.stringify(found)}`)
  return found.change
}

/** The change of an item to this image, given as text: JSON objects could not hold a name twice. */
export function changeTo(image: string): Change {
  return changeIn(recordText({ NewImage: 'IMAGE' }).replace('"IMAGE"', () => image))
}
