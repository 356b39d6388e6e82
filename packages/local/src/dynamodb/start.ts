import { NO_DATA, type ShipData } from '../data/index.ts'
import { type Emulators, type Upstream, upstreamOf } from '../emulator/index.ts'
import type { FaultSource } from '../faults/index.ts'
import { type AwsCall, awsCaller, drained, fieldsOf, JSON_TYPE, type Served, serve } from '../http/index.ts'
import type { Pipe } from '../pipe/index.ts'
import { captureOf } from './capture.ts'
import { destinationsOf } from './destinations.ts'
import { dynamodbFront } from './front.ts'
import { keyedLocks } from './locks.ts'
import { microClock } from './record.ts'
import { recover } from './recovery.ts'
import { rehearsalOn } from './rehearsal.ts'
import { batchExecuteStatement, executeStatement } from './statements.ts'
import { knownTables } from './tables.ts'
import { timeToLive } from './time-to-live.ts'
import { transactGet } from './transact-get.ts'
import { transactWrites } from './transact-write.ts'
import { unfinishedIn } from './unfinished.ts'
import { batchWrite, singleWrite } from './writes.ts'

const SERVICE = 'DynamoDB_20120810'

export interface DynamodbOptions {
  readonly faults: FaultSource
  /** Takes the captured changes over. */
  readonly pipe: Pipe
  /** Kinesis, asked whether a destination exists. */
  readonly kinesis: AwsCall
  readonly region: string
  /** @default started here, and gone when it is closed */
  readonly upstream?: Promise<Upstream>
  /** Have the threads of dynalite. @default each of its own */
  readonly emulators?: Emulators | undefined
  /** Keeps what stands beside the items: destinations, time to live, writes that have begun. @default gone with the process */
  readonly data?: Pick<ShipData, 'database' | 'shelf'>
  /** @default 0: the system chooses a free port */
  readonly port?: number
  /** Milliseconds since 1970. @default Date.now */
  readonly now?: () => number
  /** How often expired items are looked for, in milliseconds. @default 10_000 */
  readonly sweepEvery?: number
}

export interface LocalDynamodb extends Served {
  /** Calls an operation through the front, without a socket of its own. */
  readonly call: AwsCall
  /**
   * Deletes now what expires by `now` (milliseconds since 1970), instead of at the next sweep: how many items.
   *
   * @default the present
   */
  expire(now?: number): Promise<number>
}

/**
 * DynamoDB on 127.0.0.1: dynalite behind a front that captures every write for Kinesis, and adds transactions and time to
 * live.
 *
 * @throws SpaceshipError `local-port` if the port is taken
 */
export async function startDynamodb(options: DynamodbOptions): Promise<LocalDynamodb> {
  const { faults, pipe, kinesis, region, port = 0, now = Date.now, sweepEvery = 10_000 } = options
  const { data = NO_DATA, emulators: shared } = options
  const upstream = await (options.upstream ?? upstreamOf('dynalite', { shared }))
  const { forward } = upstream
  const real = awsCaller(forward, SERVICE, JSON_TYPE)
  const stage = lazily(() => upstreamOf('dynalite', { shared }))

  const tables = knownTables(real)
  const locks = keyedLocks()
  const destinations = destinationsOf(tables, kinesis, data.shelf('destinations'))
  const unfinished = unfinishedIn(data.database)
  const clock = microClock(now, data.shelf('clock'))
  const capture = captureOf({ dynalite: real, locks, destinations, pipe, region, clock, unfinished })
  const ttl = timeToLive({ dynalite: real, capture, tables, shelf: data.shelf('time-to-live') })
  const rehearsal = rehearsalOn(real, async (operation, input) =>
    awsCaller((await stage.get()).forward, SERVICE, JSON_TYPE)(operation, input),
  )
  const tokens = data.shelf('transactions')
  const transactWrite = transactWrites({ dynalite: real, capture, tables, rehearsal, tokens, now })

  const write = awsCaller(
    (request) => singleWrite({ forward, capture, tables }, request, fieldsOf(request.body) ?? {}),
    SERVICE,
    JSON_TYPE,
  )

  const front = dynamodbFront({
    forward,
    faults,
    singleWrite: (request, input) => singleWrite({ forward, capture, tables }, request, input),
    batchWrite: (request, input) => batchWrite({ forward, capture, tables }, request, input),
    transactWrite: (_, input) => transactWrite(input),
    transactGet: (_, input) => transactGet({ dynalite: real, locks, tables }, input),
    statements: (operation, input) =>
      (operation === 'ExecuteStatement' ? executeStatement : batchExecuteStatement)({ write, tables }, input),
    streaming: destinations.handle,
    timeToLive: ttl.handle,
    tableChanged: (table, operation) => {
      tables.forget(table)
      rehearsal.forget(table)
      if (operation !== 'DeleteTable') return
      destinations.forget(table)
      ttl.forget(table)
    },
  })
  const { handler, settled } = drained(front)
  const ready = recover({ dynalite: real, tables, capture, unfinished, settings: [destinations, ttl] })
  const served = await ready
    .then(() => serve(handler, { port }))
    .catch(async (error) => {
      await upstream.close()
      throw error
    })
  const sweeper = sweepRegularly(() => ttl.expire(now()), sweepEvery)

  let closing: Promise<void> | undefined
  const close = () => {
    closing ??= (async () => {
      await sweeper.stop()
      await served.close()
      // A write whose client is gone is still captured to its end.
      await settled()
      await Promise.all([upstream.close(), stage.close()])
    })()
    return closing
  }
  return {
    url: served.url,
    port: served.port,
    call: awsCaller(handler, SERVICE, JSON_TYPE),
    expire: (time = now()) => ttl.expire(time),
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** Most programs use no transaction and need no stage. */
function lazily(start: () => Promise<Upstream>) {
  let started: Promise<Upstream> | undefined
  return {
    get: () => {
      started ??= start()
      return started
    },
    close: async () => (await started)?.close(),
  }
}

/** One sweep at a time; stopping waits for the one that runs. */
function sweepRegularly(sweep: () => Promise<unknown>, every: number) {
  let running: Promise<unknown> = Promise.resolve()
  let timer: NodeJS.Timeout
  const arm = () => {
    timer = setTimeout(() => {
      running = sweep().catch(() => {})
      // Never rejects, by the line above.
      void running.then(() => !stopped && arm())
    }, every).unref()
  }
  let stopped = false
  arm()
  return {
    stop: async () => {
      stopped = true
      clearTimeout(timer)
      await running
    },
  }
}
