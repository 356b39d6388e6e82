/** Owns what a mapping is told, and the shapes of it. */

import { existsSync } from 'node:fs'
import { basename, extname, isAbsolute } from 'node:path'
import type { KinesisClientConfig } from '@aws-sdk/client-kinesis'
import {
  bare,
  callable,
  choice,
  count,
  flag,
  list,
  plain,
  port,
  record,
  required,
  type ShapesOf,
  text,
} from '@spaceship/core/adapter'
import type { Clock } from '@spaceship/core/ports'
import type { FailedBatch } from './failed-batch.ts'
import type { StartingPosition } from './reader.ts'

export interface LambdaOptions {
  /** Absolute path of the module that exports the function. */
  readonly handler: string
  /** @default 'handler' */
  readonly exportName?: string
  /** @default the name of the module */
  readonly functionName?: string
  readonly stream: string
  /** Where the stream is. */
  readonly kinesis: KinesisClientConfig
  /** What the function sees of the world, beside Lambda's own variables; nothing of this process. @default {} */
  readonly environment?: Readonly<Record<string, string>>
  /** Arguments for Node, before the module: `['--enable-source-maps']`. @default [] */
  readonly execArgv?: readonly string[]
  /** 1 to 10,000. @default 100 */
  readonly batchSize?: number
  /** How long to gather records for a batch that is not full. @default 0 */
  readonly batchingWindowMs?: number
  /** How long an invocation may take before its process is killed. @default 30_000 */
  readonly timeoutMs?: number
  /** -1: without end. @default -1 */
  readonly maximumRetryAttempts?: number
  /** -1: never too old. @default -1 */
  readonly maximumRecordAgeSeconds?: number
  /** @default false */
  readonly bisectBatchOnFunctionError?: boolean
  readonly startingPosition?: StartingPosition
  /** How long to wait after a read that found nothing. @default 100 */
  readonly pollIntervalMs?: number
  /** The wait before the first retry; it doubles with each that fails, up to 32 times this. @default 100 */
  readonly retryBackoffMs?: number
  /** Gets what was given up on. Called again until it succeeds. @default what is given up on is lost, as with Lambda */
  readonly onFailure?: (failed: FailedBatch) => void | Promise<void>
  /** What the function prints and throws, why it did not start, what was given up on, and why reads and destinations failed, line by line. @default silence */
  readonly log?: (line: string) => void
  /** @default the system's clock */
  readonly clock?: Pick<Clock, 'now' | 'sleep'>
}

/** What `mapping.update` takes. */
export interface FunctionUpdate {
  /** Absolute path of the module that exports the function from now on. It may be the former path with other content. */
  readonly handler: string
  /** In place of the former one. @default the former one */
  readonly environment?: Readonly<Record<string, string>>
}

/** The name that the function goes by. */
export function functionNameOf({
  functionName,
  handler,
}: Pick<LambdaOptions, 'functionName' | 'handler'>): string {
  return functionName ?? basename(handler, extname(handler))
}

const name = text('a name')
const moduleFile = required(
  plain(
    'the absolute path of a file',
    (path) => typeof path === 'string' && isAbsolute(path) && existsSync(path),
  ),
)

export const MAPPING = {
  options: bare({
    handler: moduleFile,
    exportName: name,
    functionName: name,
    stream: required(name),
    kinesis: record({}),
    environment: record({}),
    execArgv: list(text()),
    batchSize: count(1, 10_000),
    batchingWindowMs: count(0, 300_000),
    timeoutMs: count(1, 900_000),
    maximumRetryAttempts: count(-1, 10_000),
    maximumRecordAgeSeconds: count(-1, 604_800),
    bisectBatchOnFunctionError: flag,
    startingPosition: choice('TRIM_HORIZON', 'LATEST'),
    pollIntervalMs: count(1, 60_000),
    retryBackoffMs: count(1, 60_000),
    onFailure: callable,
    log: callable,
    clock: port('sleep', 'a Clock'),
  } satisfies ShapesOf<LambdaOptions>),
}

export const UPDATE = {
  update: bare({ handler: moduleFile, environment: record({}) } satisfies ShapesOf<FunctionUpdate>),
}

/** What a shape does not say: what would be left out without a word, such as a setting of Lambda's that is not emulated. */
export function togetherProblems(options: LambdaOptions): string[] {
  const { fields: known = {} } = MAPPING.options
  // Somebody may have given a text or a list: that is a problem of its own.
  const names = MAPPING.options.fits(options) ? Object.keys(options) : []
  return [
    ...names
      .filter((name) => !Object.hasOwn(known, name))
      .map(
        (name) =>
          `'${name}' is no option of the event source mapping: expected '${Object.keys(known).join("', '")}' only`,
      ),
    ...(Object(options).maximumRecordAgeSeconds === 0
      ? ["'maximumRecordAgeSeconds' is 0, which makes every record too old: expected -1, or at least 1"]
      : []),
  ]
}
