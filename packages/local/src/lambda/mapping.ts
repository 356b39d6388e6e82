/**
 * An event source mapping: a poller per shard, a child after its parents, each with an execution environment of its own.
 *
 * ```
 * shard -> poller -> batch -> environment -> verdict -> decide -> acknowledged: the next batch
 *                      ^                                  |-----> again, or in halves
 *                      +----------------------------------+-----> discarded: on-failure destination
 * ```
 */

import { DescribeStreamSummaryCommand, KinesisClient } from '@aws-sdk/client-kinesis'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { SpaceshipError } from '@spaceship/core'
import { check } from '@spaceship/core/adapter'
import { systemClock } from '@spaceship/core/ports'
import { NO_SHELF, type Shelf } from '../data/index.ts'
import { type CurrentEnvironment, currentEnvironment } from './current.ts'
import type { Policy } from './decide.ts'
import { type Condition, deliver } from './deliver.ts'
import { createEnvironment } from './environment.ts'
import { eventOf, type ShardRecord } from './event.ts'
import { failedBatch } from './failed-batch.ts'
import { listShards, type ShardNode, startable } from './lineage.ts'
import {
  type FunctionUpdate,
  functionNameOf,
  type LambdaOptions,
  MAPPING,
  togetherProblems,
  UPDATE,
} from './options.ts'
import { createPoller, type Poller } from './poller.ts'
import { positionsOn } from './positions.ts'
import { createReader, type Start } from './reader.ts'
import { type FunctionError, type Invoked, type Verdict, verdictOf } from './response.ts'

export interface Invocation {
  readonly requestId: string
  readonly shard: string
  readonly sequenceNumbers: readonly string[]
  readonly verdict: Verdict
  readonly error?: FunctionError
}

export interface Mapping extends AsyncDisposable {
  /** The last 1,000, oldest first. */
  readonly invocations: readonly Invocation[]
  /** The processes that run the function at the moment. */
  readonly pids: readonly number[]
  /**
   * Resolves once every record that is on the stream by now is acknowledged or discarded.
   *
   * @throws SpaceshipError `lambda-closed` if the mapping is closed before
   */
  idle(): Promise<void>
  /**
   * Gives the function new code, as Lambda's UpdateFunctionCode does. What runs on the former code ends first: an invocation gets
   * its answer or its time-out, then its process is stopped. What follows runs the new module in new processes, from the position
   * where the mapping stands. New code that does not load fails the invocations that follow, and `log` gets a line for each. Of
   * several updates the last one holds.
   *
   * @throws ConfigurationError with all problems of the update
   * @throws SpaceshipError `lambda-closed` if the mapping is closed, or is closed before the former code has ended
   * @example
   * const mapping = await ship.lambda({ handler: '/app/dist/lambda.mjs', stream: 'clients-cdc' })
   * await mapping.update({ handler: '/app/dist/lambda.2.mjs' })
   */
  update(next: FunctionUpdate): Promise<void>
  /**
   * Runs the function once with an event of the caller's, as Lambda's Invoke does: one at a time, in a process of its own, beside the stream.
   *
   * @param event what JSON holds
   * @throws SpaceshipError `lambda-closed` if the mapping is closed
   * @example
   * const mapping = await ship.lambda({ handler: '/app/dist/lambda.mjs', stream: 'clients-cdc' })
   * const answer = await mapping.invoke({ spaceship: 1, kind: 'tick', application: 'a', route: 'r/x', scheduled: '2026-12-01T00:00:00Z' })
   */
  invoke(event: unknown): Promise<Invoked>
  /** Kills the processes. What was not acknowledged stays on the stream. */
  close(): Promise<void>
}

interface ShardRun {
  readonly poller: Poller
  readonly environment: CurrentEnvironment
  /** Resolves when the shard is read to its end and its children have begun, or when the mapping is closed. */
  readonly end: Promise<void>
}

/** What is given to each mapping by where it runs. */
export interface MappingSurroundings {
  /** What each version of the function sees, beside its own variables. @default {} */
  readonly variables?: Readonly<Record<string, string>>
  /** Keeps where mappings stand. @default each mapping starts from its `startingPosition` */
  readonly shelf?: Shelf
  /** What runs: a second mapping of a function on a stream is refused, as both would stand at one place. @default not asked */
  readonly running?: Set<string>
}

const KEPT_INVOCATIONS = 1_000
const MOST_DOUBLINGS = 5

/**
 * Runs a Lambda function on a stream, as Lambda's event source mapping does: real processes, the Runtime API, partial batch
 * responses, retries, bisecting, the on-failure destination. It starts from `startingPosition`, or where the last mapping of the
 * function on the stream stood, if that is kept.
 *
 * @throws ConfigurationError with all problems of the options
 * @throws the client's error if the stream cannot be described
 * @example
 * const kinesis = ship.clientConfig('kinesis')
 * await using mapping = await startLambda({ handler: '/app/lambda.mjs', stream: 'clients-cdc', kinesis })
 * await mapping.idle()
 */
export async function startLambda(
  options: LambdaOptions,
  { variables: surroundings = {}, shelf = NO_SHELF, running = new Set() }: MappingSurroundings = {},
): Promise<Mapping> {
  check('lambda', MAPPING, { options }, () => togetherProblems(options))
  const { stream, startingPosition = 'TRIM_HORIZON', exportName = 'handler', execArgv = [] } = options
  const {
    batchSize = 100,
    batchingWindowMs = 0,
    timeoutMs = 30_000,
    pollIntervalMs = 100,
    retryBackoffMs = 100,
  } = options
  const { functionName = functionNameOf(options), onFailure, log = () => {}, clock = systemClock } = options
  const policy: Policy = {
    maximumRetryAttempts: options.maximumRetryAttempts ?? -1,
    maximumRecordAgeSeconds: options.maximumRecordAgeSeconds ?? -1,
    bisectBatchOnFunctionError: options.bisectBatchOnFunctionError ?? false,
  }

  const place = `${functionName} on ${stream}`
  if (running.has(place)) {
    throw new SpaceshipError(
      'lambda-twice',
      `a mapping of the function '${functionName}' on the stream '${stream}' runs already: close it first, or give this one another 'functionName'`,
    )
  }
  running.add(place)

  // Reads are repeated by the pollers, which say so and stop at once when they are told to.
  const client = new KinesisClient({
    requestHandler: new NodeHttpHandler(),
    maxAttempts: 1,
    ...options.kinesis,
  })
  const stopping = new AbortController()
  const { signal } = stopping
  const positions = positionsOn(shelf, functionName, stream)
  const shards = new Map<string, ShardRun>()
  const finished = new Set<string>()
  const closed = Promise.withResolvers<never>()
  closed.promise.catch(() => {})
  let invocations: readonly Invocation[] = []
  let direct: CurrentEnvironment | undefined
  let code = { handler: options.handler, variables: variablesOf(options.environment) }

  function variablesOf(own: Readonly<Record<string, string>> = {}) {
    return { ...surroundings, ...own }
  }

  function environmentOf({ handler, variables }: typeof code) {
    return createEnvironment({ handler, exportName, functionName, timeoutMs, variables, execArgv, log })
  }

  async function run(node: ShardNode, streamArn: string, start: Start): Promise<void> {
    const { id: shard } = node
    const runtime = currentEnvironment(environmentOf(code))
    const reader = createReader(client, streamArn, shard, start, signal)
    let last: { readonly requestId: string; readonly threw: boolean } | undefined

    async function invoke(records: readonly ShardRecord[]): Promise<Verdict> {
      const sequenceNumbers = records.map(({ sequenceNumber }) => sequenceNumber)
      const invoked = await runtime.invoke(eventOf(records))
      const { requestId } = invoked
      last = { requestId, threw: 'error' in invoked }
      const verdict = verdictOf(invoked, sequenceNumbers)
      const failure = 'error' in invoked ? { error: invoked.error } : {}
      if (!signal.aborted) {
        invocations = [...invocations, { requestId, shard, sequenceNumbers, verdict, ...failure }].slice(
          -KEPT_INVOCATIONS,
        )
      }
      return verdict
    }

    async function discard(
      records: readonly ShardRecord[],
      condition: Condition,
      count: number,
    ): Promise<void> {
      const failed = failedBatch(records, {
        last,
        functionName,
        condition,
        invocations: count,
        shard,
        streamArn,
        at: clock.now(),
      })
      log(`${functionName} gave up on ${records.length} record(s) of ${shard}: ${condition}`)
      for (let failures = 1; !signal.aborted; failures += 1) {
        try {
          await onFailure?.(failed)
          return
        } catch (error) {
          log(`on-failure destination of ${functionName}: ${nameOf(error)}`)
          await pause(failures)
        }
      }
    }

    function stands({ sequenceNumber }: ShardRecord): void {
      positions.set(node, { after: sequenceNumber })
    }

    const poller = createPoller({
      reader,
      batchSize,
      batchingWindowMs,
      pollIntervalMs,
      clock,
      signal,
      deliver: (records) =>
        deliver(records, { policy, now: clock.now, invoke, discard, pause, signal, settled: stands }),
      onError: (error) => log(`reading ${shard} of ${stream}: ${nameOf(error)}`),
    })
    const begun = start.latest ? reader.open() : Promise.resolve()
    const end = begun
      .then(poller.run)
      .then(runtime.close)
      .then(() => (signal.aborted ? undefined : follow(node, streamArn)))
    shards.set(shard, { poller, environment: runtime, end })
    await begun
  }

  /** Begins the children of a shard that was read to its end. */
  async function follow(shard: ShardNode, streamArn: string): Promise<void> {
    finished.add(shard.id)
    positions.set(shard, { finished: true })
    for (let failures = 1; !signal.aborted; failures += 1) {
      try {
        return await begin(streamArn, await listShards(client, stream))
      } catch (error) {
        log(`listing the shards of ${stream}: ${nameOf(error)}`)
        await pause(failures)
      }
    }
  }

  async function begin(streamArn: string, listed: readonly ShardNode[], first: Start = {}): Promise<void> {
    await Promise.all(
      startable(listed, new Set(shards.keys()), finished).map((shard) =>
        run(shard, streamArn, positions.of(shard) ?? first),
      ),
    )
  }

  function pause(failures: number): Promise<void> {
    return clock.sleep(retryBackoffMs * 2 ** Math.min(failures - 1, MOST_DOUBLINGS), signal)
  }

  async function idle(): Promise<void> {
    const closedFirst = closed.promise
    for (let known = -1; known !== shards.size; ) {
      known = shards.size
      const each = [...shards.values()].map(async ({ poller, end }) => {
        await poller.idle()
        // Its children begin before its end.
        if (poller.over) await end
      })
      await Promise.race([Promise.all(each), closedFirst])
      if (signal.aborted) await closedFirst
    }
  }

  async function invoke(event: unknown): Promise<Invoked> {
    if (signal.aborted) await closed.promise
    direct ??= currentEnvironment(environmentOf(code))
    return direct.invoke(JSON.stringify(event))
  }

  /** Of all environments, of the shards and of direct invocations. */
  function environments(): CurrentEnvironment[] {
    const ofShards = [...shards.values()].map(({ environment }) => environment)
    return direct === undefined ? ofShards : [...ofShards, direct]
  }

  async function update(next: FunctionUpdate): Promise<void> {
    check('mapping.update', UPDATE, { update: next })
    if (signal.aborted) await closed.promise
    const { handler, environment } = next
    const version = { handler, variables: environment ? variablesOf(environment) : code.variables }
    code = version
    const replaced = environments().map(({ replace }) => replace(() => environmentOf(version)))
    await Promise.race([Promise.all(replaced), closed.promise])
    if (signal.aborted) await closed.promise
  }

  let closing: Promise<void> | undefined
  function close(): Promise<void> {
    closing ??= (async () => {
      stopping.abort()
      closed.reject(new SpaceshipError('lambda-closed', `the mapping of ${functionName} was closed`))
      await Promise.all(environments().map(({ close }) => close()))
      await Promise.allSettled([...shards.values()].map(({ end }) => end))
      client.destroy()
      running.delete(place)
    })()
    return closing
  }

  try {
    const { StreamDescriptionSummary } = await client.send(
      new DescribeStreamSummaryCommand({ StreamName: stream }),
    )
    const listed = await listShards(client, stream)
    const isNew = !listed.some((shard) => positions.of(shard))
    const first: Start = isNew && startingPosition === 'LATEST' ? { latest: true, at: Date.now() } : {}
    for (const shard of listed) {
      // From LATEST, what was split or merged before holds nothing of interest.
      if (first.at !== undefined) positions.set(shard, shard.open ? { at: first.at } : { finished: true })
      if (positions.of(shard)?.finished) finished.add(shard.id)
    }
    const wanted = listed.filter(({ id }) => !finished.has(id))
    await begin(StreamDescriptionSummary?.StreamARN ?? '', wanted, first)
  } catch (error) {
    await close()
    throw error
  }

  return {
    get invocations() {
      return invocations
    },
    get pids() {
      return environments().flatMap(({ pid }) => (pid === undefined ? [] : [pid]))
    },
    idle,
    update,
    invoke,
    close,
    [Symbol.asyncDispose]: close,
  }
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : String(error)
}
