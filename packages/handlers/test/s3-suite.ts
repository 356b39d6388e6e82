/** Owns what every S3 must let our adapters do. */

import { gunzipSync } from 'node:zlib'
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { entity, reactor } from '@spaceship/core'
import { deadLettersCases } from '@spaceship/core/conformance'
import { harness } from '@spaceship/core/testing'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { s3Archive, s3DeadLetters } from '../src/s3/index.ts'

export interface S3Server {
  readonly client: S3Client
  /** What this server does not do, by the name of the case, and why. */
  readonly lacks?: Readonly<Record<string, string>>
}

const Client = entity('client', {
  table: 'clients',
  key: 'id',
  numbers: 'lossless',
  schema: z.object({ id: z.string(), n: z.bigint() }),
})

export function s3Suite(server: () => S3Server, lacks: Readonly<Record<string, string>> = {}): void {
  const made = async () => {
    const bucket = `b-${crypto.randomUUID()}`
    const { client } = server()
    await client.send(new CreateBucketCommand({ Bucket: bucket }))
    return { client, bucket }
  }

  describe('s3DeadLetters', () => {
    for (const { name, run } of deadLettersCases) {
      const why = lacks[name]
      if (why !== undefined) test.skip(`${name} (${why})`, () => {})
      else test(name, async () => run(s3DeadLetters(await made())))
    }

    test('a check writes nothing, and tells a bucket that is missing', async () => {
      const { client, bucket } = await made()
      await s3DeadLetters({ client, bucket }).check?.()
      const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket }))
      expect(Contents).toEqual([])
      await expect(s3DeadLetters({ client, bucket: 'nowhere-at-all' }).check?.()).rejects.toMatchObject({
        setup: { reason: 'not-found', resource: "bucket 'nowhere-at-all'" },
      })
    })

    test('keys show the application, the reactor and the route; what is no letter is told, and stays', async () => {
      const { client, bucket } = await made()
      const letters = s3DeadLetters({ client, bucket, prefix: 'p/' })
      await letters.put({
        ...{ id: 'app/r/welcome/s/0/1/0', application: 'app', reactor: 'r', route: 'welcome', lane: '' },
        ...{ reason: 'permanent', detail: 'd', attempts: 1, at: new Date(0), stream: 's', shard: '0' },
        ...{ sequence: '1', subSequence: 0, partitionKey: 'k', data: new Uint8Array([1]) },
      })
      await client.send(new PutObjectCommand({ Bucket: bucket, Key: 'p/app/r/stray', Body: 'no letter' }))
      const keys = async () =>
        ((await client.send(new ListObjectsV2Command({ Bucket: bucket }))).Contents ?? []).map(
          ({ Key }) => Key,
        )
      expect(await keys()).toEqual([
        'p/app/r/stray',
        expect.stringMatching(/^p\/app\/r\/welcome\/[0-9a-f]{64}$/),
      ])
      const listing = (async () => {
        for await (const _ of letters.list('app')) {
          // Until the stray one.
        }
      })()
      await expect(listing).rejects.toMatchObject({
        code: 'letter',
        message: expect.stringContaining('p/app/r/stray'),
      })
      expect((await keys()).length).toBe(2)
    })
  })

  test('s3Archive: every change is in the archive, to the last one, whatever is delivered again', async () => {
    const { client, bucket } = await made()
    const archive = s3Archive({ client, bucket, entity: 'client', size: 10, within: '1s' })
    const ship = harness(() =>
      reactor('archiving').on('archive', [Client.saved('saved'), Client.removed('left')], archive),
    )
    const big = 3_804_086_584_686_624_769n
    for (let n = 0; n < 25; n += 1) await ship.put(Client, { id: `c${n % 13}`, n: big + BigInt(n) })
    await ship.remove(Client, 'c0')
    await ship.advance('10s')
    await ship.redeliver()
    await ship.advance('10s')
    expect(ship.deadLetters).toEqual([])
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket }))
    const lines = new Map<string, { event: string; key: string }>()
    const numbers: string[] = []
    for (const { Key = '' } of Contents) {
      expect(Key).toMatch(/^archive\/entity=client\/date=\d{4}-\d{2}-\d{2}\/[\w%!-]+\.ndjson\.gz$/)
      const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key }))
      const text = gunzipSync((await Body?.transformToByteArray()) ?? '').toString('utf8')
      for (const line of text.split('\n').slice(0, -1)) {
        const change = JSON.parse(line)
        if (!lines.has(change.id)) numbers.push(/"after":\{[^}]*"n":(\d+)/.exec(line)?.[1] ?? '')
        lines.set(change.id, change)
      }
    }
    expect(lines.size).toBe(26)
    expect(numbers.filter((digits) => digits === String(big + 24n)).length).toBe(1)
    expect([...lines.values()].filter(({ event }) => event === 'left')).toMatchObject([{ key: 'c0' }])
    expect(Contents.length).toBeLessThan(26)
  })
}
