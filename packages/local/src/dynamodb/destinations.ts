/**
 * Kinesis destinations of tables.
 *
 * ```
 * (none) ─Enable─► ACTIVE ─Disable─► DISABLED ─Enable─► ACTIVE
 *                  └─Update─┘ (the precision, live)
 * ```
 * AWS passes through ENABLING, UPDATING and DISABLING, which the answers name; here the change is done by then.
 */

import type { Shelf } from '../data/index.ts'
import { type AwsCall, type AwsFault, type Fields, isFields } from '../http/index.ts'
import type { Precision } from './record.ts'
import { missingTable, notFound, validation } from './refusal.ts'
import type { Tables } from './tables.ts'

interface Destination {
  readonly streamArn: string
  /** The stream's name. */
  readonly stream: string
  readonly active: boolean
  readonly precision: Precision
}

export interface Destinations {
  active(table: string): readonly Destination[]
  handle(operation: string, input: Fields): Promise<Fields | AwsFault>
  forget(table: string): void
  /** The tables of which something is known. */
  named(): readonly string[]
}

export function destinationsOf(tables: Tables, kinesis: AwsCall, shelf: Shelf): Destinations {
  // Safe: nothing but what is set below lies on this shelf.
  const byTable = new Map(shelf.all() as [string, readonly Destination[]][])
  const store = (table: string, destination: Destination) => {
    const others = (byTable.get(table) ?? []).filter(({ streamArn }) => streamArn !== destination.streamArn)
    byTable.set(table, [...others, destination])
    shelf.set(table, [...others, destination])
  }

  async function enable(table: string, streamArn: string, known: Destination | undefined, input: Fields) {
    const configuration = isFields(input.EnableKinesisStreamingConfiguration)
      ? input.EnableKinesisStreamingConfiguration
      : {}
    const precision = precisionOf(configuration.ApproximateCreationDateTimePrecision ?? 'MILLISECOND')
    if (precision === undefined) return badPrecision
    if (known?.active) {
      return validation(
        'Table is not in a valid state to enable Kinesis Streaming Destination: KinesisStreamingDestination must be DISABLED or ENABLE_FAILED to perform ENABLE operation.',
      )
    }
    const stream = streamArn.slice(streamArn.indexOf(':stream/') + ':stream/'.length)
    const described = await kinesis('DescribeStreamSummary', { StreamName: stream })
    if (!described.ok) return notFound(`Kinesis stream ${streamArn} does not exist`)
    store(table, { streamArn, stream, active: true, precision })
    return {
      TableName: table,
      StreamArn: streamArn,
      DestinationStatus: 'ENABLING',
      EnableKinesisStreamingConfiguration: { ApproximateCreationDateTimePrecision: precision },
    }
  }

  function disable(table: string, known: Destination) {
    store(table, { ...known, active: false })
    return { TableName: table, StreamArn: known.streamArn, DestinationStatus: 'DISABLING' }
  }

  function update(table: string, known: Destination, input: Fields) {
    const configuration = isFields(input.UpdateKinesisStreamingConfiguration)
      ? input.UpdateKinesisStreamingConfiguration
      : {}
    const precision = precisionOf(configuration.ApproximateCreationDateTimePrecision)
    if (precision === undefined) return badPrecision
    if (precision === known.precision) {
      return validation(`Invalid Request: Precision is already set to the desired value of ${precision}`)
    }
    store(table, { ...known, precision })
    return {
      TableName: table,
      StreamArn: known.streamArn,
      DestinationStatus: 'UPDATING',
      UpdateKinesisStreamingConfiguration: { ApproximateCreationDateTimePrecision: precision },
    }
  }

  async function handle(operation: string, input: Fields): Promise<Fields | AwsFault> {
    const table = String(input.TableName ?? '')
    if ((await tables.keySchema(table)) === undefined) return missingTable
    if (operation === 'DescribeKinesisStreamingDestination') {
      return { TableName: table, KinesisDataStreamDestinations: (byTable.get(table) ?? []).map(described) }
    }
    const streamArn = String(input.StreamArn ?? '')
    if (!/^arn:[^:]*:kinesis:[^:]*:[^:]*:stream\/[a-zA-Z0-9_.-]+$/.test(streamArn)) {
      return validation(
        'StreamArn must be the ARN of a Kinesis stream, such as arn:aws:kinesis:eu-west-1:000000000000:stream/changes',
      )
    }
    const known = (byTable.get(table) ?? []).find((destination) => destination.streamArn === streamArn)
    if (operation === 'EnableKinesisStreamingDestination') return enable(table, streamArn, known, input)
    if (!known?.active)
      return validation(`Table is not streaming to ${streamArn}: enable the destination first`)
    return operation === 'DisableKinesisStreamingDestination'
      ? disable(table, known)
      : update(table, known, input)
  }

  return {
    active: (table) => (byTable.get(table) ?? []).filter(({ active }) => active),
    handle,
    forget: (table) => {
      byTable.delete(table)
      shelf.delete(table)
    },
    named: () => [...byTable.keys()],
  }
}

const badPrecision = validation('ApproximateCreationDateTimePrecision must be MILLISECOND or MICROSECOND')

function precisionOf(value: unknown): Precision | undefined {
  return value === 'MILLISECOND' || value === 'MICROSECOND' ? value : undefined
}

function described({ streamArn, active, precision }: Destination): Fields {
  return {
    StreamArn: streamArn,
    DestinationStatus: active ? 'ACTIVE' : 'DISABLED',
    ApproximateCreationDateTimePrecision: precision,
  }
}
