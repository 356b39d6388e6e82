/**
 * Owns the archive of a table in S3: every change as a line of JSON, gzipped, in objects whose names say where the changes stood.
 *
 * ```
 *   PREFIX entity=client/date=2026-11-24/SHARD-FIRST-LAST-DIGEST!REACTOR!ROUTE.ndjson.gz     {"event":"client.saved","at":"…","key":"…","after":{…}}\n…
 * ```
 *
 * FIRST and LAST are positions, and DIGEST tells all changes of the object: a batch that is repeated as it was overwrites itself, and one that
 * holds others, such as what is left of it for the next owner of the shard, overwrites nothing. What stands in two objects is a repeat, which
 * readers tell by `id`. Names sort by shard and position. Routes archive for themselves, whatever others have of the same record. Athena
 * reads the folders as partitions.
 *
 * An archive keeps what came: where the old image of a saved item fails today's schema, the line has `beforeRefused` with the reason
 * instead of `before`. That image was the new one of an earlier change, and stands in the archive as such.
 */

import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import type { Duration } from '@spaceship/core'
import { batch, codeOf, type EventMeta, type Handler } from '@spaceship/core'
import {
  type BatchContext,
  bare,
  check,
  count,
  duration,
  exactJson,
  required,
  type ShapesOf,
  sha256,
  text,
} from '@spaceship/core/adapter'
import { answered, BUCKET, type BucketOptions } from './bucket.ts'

export interface S3ArchiveOptions extends BucketOptions {
  /** The name of the entity: that of the partition `entity`. */
  readonly entity: string
  /** Before every key. Applications that share a bucket need one each. @default 'archive/' */
  readonly prefix?: string
  /** Changes in one object at most. @default 1000 */
  readonly size?: number
  /** Bytes of changes in one object at most, as they came and before they are zipped: what a process holds for it. @default 16777216 */
  readonly bytes?: number
  /** How long the first change of an object waits for others. @default '5s' */
  readonly within?: Duration
}

export const S3_ARCHIVE = {
  options: bare({
    ...BUCKET,
    entity: required(text("the entity's name")),
    prefix: text('what keys begin with'),
    size: count(1, 100_000),
    bytes: count(),
    within: duration('5s', 1),
  } satisfies ShapesOf<S3ArchiveOptions>),
}

type Archived = EventMeta & { readonly before?: unknown; readonly after?: unknown }

const MIB = 1024 * 1024

const zipped = promisify(gzip)

/**
 * A batch handler that writes each change into a bucket. Grant PutObject on the prefix.
 *
 * @throws ConfigurationError that lists every problem
 * @example
 * import { S3Client } from '@aws-sdk/client-s3'
 * const archive = s3Archive({ client: new S3Client(), bucket: 'clients-archive', entity: 'client' })
 * reactor('archiving').on('archive', [saved, left], archive)
 */
export function s3Archive(options: S3ArchiveOptions): Handler<Archived> {
  check('s3Archive', S3_ARCHIVE, { options })
  const { client, bucket, entity, prefix = 'archive/' } = options
  const { size = 1_000, bytes = 16 * MIB, within = '5s' } = options
  const ask = answered(bucket)

  async function put(
    date: string,
    events: readonly Archived[],
    { signal, reactor, route }: BatchContext,
  ): Promise<void> {
    const name = `${whereOf(events)}!${reactor}!${route}`
    const Key = `${prefix}entity=${encodeURIComponent(entity)}/date=${date}/${name}.ndjson.gz`
    const lines = events.map((event) => `${lineOf(event)}\n`).join('')
    const command = new PutObjectCommand({
      Bucket: bucket,
      Key,
      Body: await zipped(lines),
      ContentType: 'application/x-ndjson',
      ContentEncoding: 'gzip',
    })
    await ask('PutObject', client.send(command, { abortSignal: signal }))
  }

  const archive = batch<Archived>({ size, bytes, within }, async (events, context) => {
    // By the day of the change, which no repeat changes.
    const days = Map.groupBy(events, (event) => event.at.toISOString().slice(0, 10))
    for (const [date, ofDay] of days) await put(date, ofDay, context)
  })
  const resources = [`arn:aws:s3:::${bucket}/${prefix}*`]
  const grants = [{ service: 's3', actions: ['s3:PutObject'], resources }]
  return Object.assign(archive, {
    needs: [{ verb: 'archives to', target: `s3 ${bucket}`, dependency: 's3', grants }],
  })
}

/** Where these changes stood, as texts sort, and a digest of what they are. */
function whereOf(events: readonly Archived[]): string {
  const [first, last] = [events.at(0)?.source, events.at(-1)?.source]
  const all = events.map(({ source: { stream, position }, name, id }) => [stream, position, name, id])
  const digest = sha256(JSON.stringify(all), 'hex').slice(0, 16)
  const [from, to] = [sortable(first?.position ?? ''), last?.position ?? '']
  return `${encodeURIComponent(first?.shard ?? '')}-${from}-${to}-${digest}`
}

/** A place within an aggregate comes after the whole record, and before the next one. */
function sortable(position: string): string {
  const [sequence = '', place] = position.split('.')
  return sequence.padStart(60, '0') + (place === undefined ? '' : `.${place.padStart(8, '0')}`)
}

/** Integers with all their digits, sets as lists, binary as base64, dates as ISO text. */
function lineOf(event: Archived): string {
  const { name, id, at, key, by, version, after } = event
  const line = {
    ...{ event: name, id, at: at.toISOString(), key, by, version: version.max },
    ...oldOf(event),
    after,
  }
  return exactJson(line, `the change '${name}'`, { replace, bigints: true })
}

/** The schema's complaint shows no values. What another error says is not about the row, and is thrown. */
function oldOf(event: Archived): { readonly before?: unknown; readonly beforeRefused?: string } {
  try {
    return { before: event.before }
  } catch (error) {
    if (codeOf(error) !== 'schema') throw error
    return { beforeRefused: String(Object(error).message) }
  }
}

function replace(value: object): unknown {
  if (value instanceof Set) return [...value]
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  return value instanceof Date && !Number.isNaN(value.getTime()) ? value.toISOString() : undefined
}
