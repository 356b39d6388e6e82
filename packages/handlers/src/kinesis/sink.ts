/** Owns putting records on a stream. */

import { type KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis'
import { bare, check, count, required, type ShapesOf } from '@spaceship/core/adapter'
import type { EventSink } from '@spaceship/core/ports'
import { classified, foreignAnswer, nameFor, ofName, renewConnections, client as sdk } from '../aws/index.ts'
import { SINK_OPTIONS, type SinkOptions, sinkOn } from '../publishing/index.ts'
import { entryOf, LIMITS, RECORD_BYTES, type StreamEntry } from './entry.ts'

export interface KinesisSinkOptions extends SinkOptions {
  readonly client: KinesisClient
  readonly stream: string
  /**
   * What the stream takes in one record, data and partition key together: its `MaxRecordSizeInKiB`, in bytes. A larger record is
   * refused before it is sent.
   *
   * @default 1_048_576
   */
  readonly maxRecordBytes?: number
}

export const SINK = {
  options: bare({
    client: required(sdk('KinesisClient')),
    stream: nameFor('stream'),
    maxRecordBytes: count(1, RECORD_BYTES.most),
    ...SINK_OPTIONS,
  } satisfies ShapesOf<KinesisSinkOptions>),
}

/**
 * An EventSink on a Kinesis stream. Puts that run at the same time share requests. Grant PutRecords on the stream.
 *
 * @throws ConfigurationError that lists every problem; `put`: Permanent for what the stream does not take, Unavailable
 */
export function kinesisSink(options: KinesisSinkOptions): EventSink {
  check('kinesisSink', SINK, { options })
  const { client, stream, maxRecordBytes = RECORD_BYTES.usual } = options
  const resource = `stream '${stream}'`
  const about = { dependency: 'kinesis', resource, actions: ['kinesis:PutRecords'] }

  renewConnections(client)

  async function send(
    entries: readonly StreamEntry[],
    abortSignal: AbortSignal,
  ): Promise<ReadonlyMap<number, unknown>> {
    const Records = entries.map(({ key, data }) => ({ PartitionKey: key, Data: data }))
    const refused = new Map<number, unknown>()
    try {
      const command = new PutRecordsCommand({ StreamName: stream, Records })
      const answer = await client.send(command, { abortSignal })
      const { Records: told = [] } = answer
      if (told.length !== entries.length) throw foreignAnswer(about, answer)
      for (const [at, { ErrorCode }] of told.entries()) {
        if (ErrorCode === undefined) continue
        const cause = new Error(ErrorCode)
        refused.set(at, ofName(about, ErrorCode, cause) ?? cause)
      }
      return refused
    } catch (error) {
      throw classified(about, error)
    }
  }

  const entry = (record: Parameters<typeof entryOf>[0]) => entryOf(record, resource, maxRecordBytes)
  return sinkOn(
    { dependency: 'kinesis', resource, limits: LIMITS, ordered: true, entryOf: entry, send },
    options,
  )
}
