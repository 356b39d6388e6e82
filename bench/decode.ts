/**
 * What it costs to get from the base64 of a record to what a handler sees, against what everybody does first:
 * `Buffer.from(data, 'base64')` and JSON.parse. Ours is what the engine calls: `read`, `change.image`, the entity's schema.
 *
 * A record that no route wants is measured from its bytes on, as the engine gets it; with the base64 it stands in a row of its own.
 */

import type { Change } from '@spaceship/core/engine'
import { Client, type ClientRecords, clientRecords } from './clients.ts'
import { base64, kinesisEvent } from './event.ts'
import { type Cases, measureCases, type Pass } from './processes.ts'
import type { Options, Result } from './result.ts'

const RECORDS = 1_000

function textsOf(kind: keyof ClientRecords): string[] {
  return clientRecords(RECORDS)[kind].map(base64)
}

function each<T>(items: readonly T[], work: (item: T) => unknown): Pass {
  return () => {
    for (const item of items) work(item)
    return items.length
  }
}

async function floor(kind: keyof ClientRecords): Promise<Pass> {
  return each(textsOf(kind), (text) => JSON.parse(Buffer.from(text, 'base64').toString()))
}

async function ours(kind: keyof ClientRecords, images: readonly ('before' | 'after')[]): Promise<Pass> {
  const { read } = await import('@spaceship/core/engine')
  return each(textsOf(kind), (text) => {
    const found = read(Buffer.from(text, 'base64'), (table) => table === 'clients')
    if (found.kind !== 'change') throw new Error(`read as ${found.kind}`)
    for (const image of images) parsed(found.change, image)
  })
}

function parsed(change: Change, image: 'before' | 'after'): unknown {
  const { schema } = Client.spec
  const result = schema['~standard'].validate(change.image(image, Client.spec.numbers))
  if (result instanceof Promise || result.issues) throw new Error('not a client')
  return result.value
}

async function unwanted(fromBase64: boolean): Promise<Pass> {
  const { read } = await import('@spaceship/core/engine')
  const wanted = (table: string) => table === 'orders'
  const check = (data: Uint8Array) => {
    if (read(data, wanted).kind !== 'unwanted') throw new Error('wanted')
  }
  const texts = textsOf('inserts')
  if (fromBase64) return each(texts, (text) => check(Buffer.from(text, 'base64')))
  return each(
    texts.map((text) => Buffer.from(text, 'base64')),
    check,
  )
}

/** As users write it today. */
async function handWritten(): Promise<Pass> {
  const { unmarshall } = await import('@aws-sdk/util-dynamodb')
  const { schema } = Client.spec
  return each(textsOf('inserts'), (text) => {
    const record = JSON.parse(Buffer.from(text, 'base64').toString())
    const result = schema['~standard'].validate(unmarshall(record.dynamodb.NewImage))
    if (result instanceof Promise || result.issues) throw new Error('not a client')
  })
}

/** The whole event parsed with their schema, which unmarshals the images, then a processor and a handler that does nothing. */
async function powertools(): Promise<Pass> {
  const { BatchProcessor, EventType, processPartialResponse } = await import('@aws-lambda-powertools/batch')
  const { KinesisDynamoDBStreamSchema } = await import('@aws-lambda-powertools/parser/schemas/kinesis')
  const event = kinesisEvent(clientRecords(RECORDS).inserts)
  const processor = new BatchProcessor(EventType.KinesisDataStreams)
  return async () => {
    const parsed = KinesisDynamoDBStreamSchema.parse(event)
    const { batchItemFailures } = await processPartialResponse(parsed, async () => {}, processor)
    if (batchItemFailures.length > 0) throw new Error('Powertools refused a record')
    return RECORDS
  }
}

export const cases: Cases = {
  'floor INSERT': () => floor('inserts'),
  'floor MODIFY': () => floor('modifies'),
  unwanted: () => unwanted(false),
  'unwanted, from base64': () => unwanted(true),
  INSERT: () => ours('inserts', ['after']),
  'MODIFY, one image': () => ours('modifies', ['after']),
  'MODIFY, both images': () => ours('modifies', ['before', 'after']),
  'hand-written INSERT': handWritten,
  'Powertools INSERT': powertools,
}

export async function measureDecode(options: Options): Promise<Result> {
  const micros = measureCases('decode.ts', Object.keys(cases), options)
  const over = (name: string, base: string) =>
    Number(((micros[name] ?? Number.NaN) / (micros[base] ?? Number.NaN)).toFixed(3))
  const ratios = Object.fromEntries(
    Object.keys(cases).map((name) => [
      name,
      over(name, name.includes('MODIFY') ? 'floor MODIFY' : 'floor INSERT'),
    ]),
  )
  return {
    ratios: { ...ratios, 'ours over Powertools': over('INSERT', 'Powertools INSERT') },
    bars: {
      unwanted: 0.05,
      INSERT: 0.7,
      'MODIFY, one image': 0.5,
      'MODIFY, both images': 0.8,
      'ours over Powertools': 0.067,
    },
  }
}
