/** A connection on which nothing is answered is not used again, whatever a client speaks; one that answers is kept. */

import { KinesisClient, type KinesisClientConfig, ListStreamsCommand } from '@aws-sdk/client-kinesis'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { SpaceshipError } from '@spaceship/core'
import { launch, type Spaceship } from '@spaceship/local'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { emulators } from '../../../local/test/emulators.ts'
import { startProxy, type TcpProxy } from '../../test/tcp-proxy.ts'
import { renewConnections } from './connections.ts'

let ship: Spaceship
beforeAll(async () => {
  ship = await launch({ emulators, streams: ['cdc'] })
})
afterAll(() => ship.close())

type Handler = Pick<KinesisClientConfig, 'requestHandler'>

interface Scene {
  readonly proxy: TcpProxy
  /** How often all connections of the client were closed. */
  closed(): number
  ask(abortSignal?: AbortSignal): Promise<unknown>
}

async function scene(speaking: Handler, play: (scene: Scene) => Promise<void>): Promise<void> {
  const proxy = await startProxy(Number(new URL(ship.endpoints.kinesis).port))
  const client = new KinesisClient({
    ...ship.clientConfig('kinesis'),
    ...{ endpoint: `http://127.0.0.1:${proxy.port}`, maxAttempts: 1 },
    ...speaking,
  })
  const handler = client.config.requestHandler
  const destroy = handler.destroy?.bind(handler)
  let closed = 0
  handler.destroy = () => {
    closed += 1
    destroy?.()
  }
  renewConnections(client)
  const ask = async (abortSignal?: AbortSignal) =>
    (await client.send(new ListStreamsCommand({}), { ...(abortSignal && { abortSignal }) })).StreamNames
  try {
    await play({ proxy, ask, closed: () => closed })
  } finally {
    client.destroy()
    await proxy.close()
  }
}

const timedOut = { name: 'TimeoutError' }

test.each([
  ['HTTP/2', () => ({ requestHandler: { requestTimeout: 300 } })],
  [
    'HTTP/1.1',
    () => ({ requestHandler: new NodeHttpHandler({ requestTimeout: 300, throwOnRequestTimeout: true }) }),
  ],
])('%s: after a time-out of the client the next request is answered', (_, handler) =>
  scene(handler(), async ({ proxy, ask }) => {
    expect(await ask()).toEqual(['cdc'])
    proxy.deafen()
    await expect(ask()).rejects.toMatchObject(timedOut)
    expect(await ask()).toEqual(['cdc'])
    expect(proxy.connections).toBe(2)
  }),
)

test('HTTP/2: so it is after a time-out of ours, of a client that has none', () =>
  scene({}, async ({ proxy, ask }) => {
    expect(await ask()).toEqual(['cdc'])
    proxy.deafen()
    const late = new AbortController()
    const asked = ask(late.signal)
    late.abort(new SpaceshipError('no-answer', 'late'))
    await expect(asked).rejects.toMatchObject({ name: 'AbortError' })
    expect(await ask()).toEqual(['cdc'])
  }))

test('HTTP/2: whoever gives up for a reason of his own leaves the connection to the others', () =>
  scene({}, async ({ ask, closed }) => {
    expect(await ask()).toEqual(['cdc'])
    const stopped = new AbortController()
    const asked = ask(stopped.signal)
    stopped.abort(new Error('stopped'))
    await expect(asked).rejects.toMatchObject({ name: 'AbortError' })
    expect(await ask()).toEqual(['cdc'])
    expect(closed()).toBe(0)
  }))

test('HTTP/2: of many requests that time out together the connection is closed once', () =>
  scene({ requestHandler: { requestTimeout: 300 } }, async ({ proxy, ask, closed }) => {
    await ask()
    proxy.deafen()
    const ends = await Promise.allSettled(
      Array.from({ length: 20 }, async () => {
        await expect(ask()).rejects.toMatchObject(timedOut)
        return ask()
      }),
    )
    expect(ends.filter(({ status }) => status === 'rejected')).toEqual([])
    expect([closed(), proxy.connections]).toEqual([1, 2])
  }))
