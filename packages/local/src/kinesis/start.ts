import kinesalite from 'kinesalite'
import type { FaultSource } from '../faults/index.ts'
import { awsRequest, type Fields, faultOf, fieldsOf, type Served, serve, upstreamOf } from '../http/index.ts'
import { kinesisFront } from './front.ts'

export interface KinesisOptions {
  readonly faults: FaultSource
  /** @default 0: the system chooses a free port */
  readonly port?: number
  /** Milliseconds since 1970. @default Date.now */
  readonly now?: () => number
}

/** An answer to a call from inside the process: the output, or the service's error. */
export type KinesisAnswer =
  | { readonly ok: true; readonly output: Fields }
  | { readonly ok: false; readonly error: string; readonly message: string }

export interface LocalKinesis extends Served {
  /** Calls an operation through the front, faults included, without a socket of its own. */
  call(operation: string, input: Fields): Promise<KinesisAnswer>
}

/**
 * Kinesis on 127.0.0.1: kinesalite behind a front that adds a true `MillisBehindLatest` and throttling on demand.
 *
 * @throws SpaceshipError `local-port` if the port is taken
 */
export async function startKinesis({
  faults,
  port = 0,
  now = Date.now,
}: KinesisOptions): Promise<LocalKinesis> {
  const upstream = await upstreamOf(
    kinesalite({ createStreamMs: 0, deleteStreamMs: 0, updateStreamMs: 0, shardLimit: 1_000 }),
  )
  const handler = kinesisFront({ forward: upstream.forward, faults, now })
  const served = await serve(handler, { port }).catch(async (error) => {
    await upstream.close()
    throw error
  })

  const call = async (operation: string, input: Fields): Promise<KinesisAnswer> => {
    const reply = await handler(
      awsRequest(`Kinesis_20131202.${operation}`, input, 'application/x-amz-json-1.1'),
    )
    const fault = faultOf(reply)
    if (fault !== undefined) return { ok: false, error: fault.name, message: fault.message }
    return { ok: true, output: fieldsOf(reply.body) ?? {} }
  }
  let closing: Promise<void> | undefined
  const close = () => {
    closing ??= served.close().then(() => upstream.close())
    return closing
  }
  return { url: served.url, port: served.port, call, close, [Symbol.asyncDispose]: close }
}
