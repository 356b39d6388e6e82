import { type Emulators, upstreamOf } from '../emulator/index.ts'
import type { FaultSource } from '../faults/index.ts'
import { type AwsCall, awsCaller, type Served, serve } from '../http/index.ts'
import { kinesisFront } from './front.ts'
import { shardLimits } from './limits.ts'
import { settledChanges } from './settled.ts'
import { JSON_TYPE } from './stage.ts'
import { inBothFormats } from './wire.ts'

export interface KinesisOptions {
  readonly faults: FaultSource
  /** @default 0: the system chooses a free port */
  readonly port?: number
  /** Keeps streams and records. @default they are gone with the process */
  readonly file?: string | undefined
  /** Have the thread of kinesalite. @default one of its own */
  readonly emulators?: Emulators | undefined
  /** Milliseconds since 1970. @default Date.now */
  readonly now?: () => number
  /** Of the streams' ARNs. @default 'us-east-1' */
  readonly region?: string
}

export interface LocalKinesis extends Served {
  /** Calls an operation through the front, faults included, without a socket of its own. */
  readonly call: AwsCall
}

/**
 * Kinesis on 127.0.0.1: kinesalite behind a front that adds what AWS has beyond it: see `front.ts`.
 *
 * @throws SpaceshipError `local-port` if the port is taken
 */
export async function startKinesis({
  faults,
  port = 0,
  file,
  emulators: shared,
  now = Date.now,
  region = 'us-east-1',
}: KinesisOptions): Promise<LocalKinesis> {
  const upstream = await upstreamOf('kinesalite', { file, shared })
  const forward = settledChanges(upstream.forward)
  const limits = shardLimits(now)
  faults.watch(() => {
    if (!faults.state().limits.kinesis) limits.clear()
  })
  const handler = kinesisFront({
    forward,
    call: awsCaller(forward, 'Kinesis_20131202', JSON_TYPE),
    faults,
    now,
    region,
    limits,
    resharding: new Set(),
  })
  const served = await serve(inBothFormats(handler), { port }).catch(async (error) => {
    await upstream.close()
    throw error
  })

  const call = awsCaller(handler, 'Kinesis_20131202', JSON_TYPE)
  let closing: Promise<void> | undefined
  const close = () => {
    closing ??= served.close().then(() => upstream.close())
    return closing
  }
  return { url: served.url, port: served.port, call, close, [Symbol.asyncDispose]: close }
}
