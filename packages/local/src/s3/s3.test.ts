import { Readable } from 'node:stream'
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { folders } from '../../test/folders.ts'
import { openData } from '../data/index.ts'
import { type S3, startS3 } from './index.ts'

const config = (s3: S3) => ({
  endpoint: s3.url,
  region: 'us-east-1',
  credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  forcePathStyle: true,
})
const newFolder = folders()
let s3: S3
let client: S3Client
const Bucket = 'letters'
beforeAll(async () => {
  s3 = await startS3()
  client = new S3Client(config(s3))
  await client.send(new CreateBucketCommand({ Bucket }))
})
afterAll(async () => {
  client.destroy()
  await s3.close()
})

const put = (Key: string, Body: string | Uint8Array, more: object = {}) =>
  client.send(new PutObjectCommand({ Bucket, Key, Body, ...more }))
const text = async (Key: string) =>
  (await client.send(new GetObjectCommand({ Bucket, Key }))).Body?.transformToString()

test('an object comes back as it was put, with its headers, also as a stream of unknown length', async () => {
  await put('a/Zoë 🚀 #?%&+.txt', 'Zoë', { ContentType: 'text/plain', Metadata: { who: 'ada' } })
  const head = await client.send(new HeadObjectCommand({ Bucket, Key: 'a/Zoë 🚀 #?%&+.txt' }))
  expect([head.ContentType, head.Metadata, head.ContentLength]).toEqual(['text/plain', { who: 'ada' }, 4])
  expect(await text('a/Zoë 🚀 #?%&+.txt')).toBe('Zoë')
  const body = Readable.from([Buffer.alloc(100_000, 'x'), Buffer.from('end')])
  await client.send(new PutObjectCommand({ Bucket, Key: 'stream', Body: body, ContentLength: 100_003 }))
  expect((await text('stream'))?.length).toBe(100_003)
})

test('conditions decide: a put that must be the first, and one that must replace what is there', async () => {
  const { ETag } = await put('once', '1', { IfNoneMatch: '*' })
  await expect(put('once', '2', { IfNoneMatch: '*' })).rejects.toMatchObject({ name: 'PreconditionFailed' })
  await expect(put('once', '2', { IfMatch: '"0"' })).rejects.toMatchObject({ name: 'PreconditionFailed' })
  await put('once', '2', { IfMatch: ETag })
  expect(await text('once')).toBe('2')
})

test('conditions decide: a delete of what nobody has changed, and a get of what is not had already', async () => {
  const failed = { name: 'PreconditionFailed', $metadata: { httpStatusCode: 412 } }
  const { ETag = '' } = await put('held', '1')
  const drop = (IfMatch: string, Key = 'held') =>
    client.send(new DeleteObjectCommand({ Bucket, Key, IfMatch }))
  await expect(drop('"0"')).rejects.toMatchObject(failed)
  const get = (more: object, Key = 'held') => client.send(new GetObjectCommand({ Bucket, Key, ...more }))
  const head = (more: object) => client.send(new HeadObjectCommand({ Bucket, Key: 'held', ...more }))
  await expect(get({ IfMatch: '"0"' })).rejects.toMatchObject(failed)
  await expect(head({ IfMatch: '"0"' })).rejects.toMatchObject({ $metadata: { httpStatusCode: 412 } })
  for (const IfNoneMatch of [ETag, '*', `"0", ${ETag}`])
    for (const ask of [get, head])
      await expect(ask({ IfNoneMatch })).rejects.toMatchObject({ $metadata: { httpStatusCode: 304 } })
  const both = await get({ IfMatch: ETag, IfNoneMatch: '"0"' })
  expect(await both.Body?.transformToString()).toBe('1')
  for (const ask of [get({ IfModifiedSince: new Date(0) }), get({ IfUnmodifiedSince: new Date() })])
    await expect(ask).rejects.toMatchObject({ name: 'NotImplemented' })
  for (const odd of [{ IfNoneMatch: '"0"' }, { IfMatch: '*' }])
    await expect(put('held', '2', odd)).rejects.toMatchObject({ name: 'NotImplemented' })
  await drop(ETag.replaceAll('"', ''))
  const missing = { name: 'NoSuchKey' }
  await expect(get({ IfMatch: ETag })).rejects.toMatchObject(missing)
  await expect(put('held', '1', { IfMatch: ETag })).rejects.toMatchObject(missing)
  for (const tag of [ETag, '*']) await expect(drop(tag)).rejects.toMatchObject(missing)
  const Objects = [{ Key: 'held', ETag }]
  await expect(client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }))).rejects.toMatchObject({
    name: 'NotImplemented',
  })
})

test('what is not what the sender says it is is refused, and nothing of it is stored', async () => {
  const wrong = {
    ChecksumSHA256: Buffer.alloc(32).toString('base64'),
    ChecksumSHA1: Buffer.alloc(20).toString('base64'),
    ChecksumCRC32: 'AAAAAA==',
    ChecksumCRC32C: 'AAAAAA==',
    ContentMD5: Buffer.alloc(16).toString('base64'),
  }
  for (const [name, value] of Object.entries(wrong))
    await expect(put('damaged', 'v', { [name]: value }), name).rejects.toMatchObject({ name: 'BadDigest' })
  await expect(put('damaged', 'v', { ChecksumCRC64NVME: 'AAAAAAAAAAA=' })).rejects.toMatchObject({
    name: 'NotImplemented',
  })
  await expect(text('damaged')).rejects.toMatchObject({ name: 'NoSuchKey' })
  for (const ChecksumAlgorithm of ['CRC32', 'CRC32C', 'SHA1', 'SHA256'] as const) {
    await put('whole', ChecksumAlgorithm, { ChecksumAlgorithm })
    expect(await text('whole')).toBe(ChecksumAlgorithm)
    const Body = Readable.from([Buffer.from('in '), Buffer.from('parts')])
    await client.send(
      new PutObjectCommand({ ...{ Bucket, Key: 'parts', Body, ContentLength: 8 }, ChecksumAlgorithm }),
    )
    expect(await text('parts')).toBe('in parts')
  }
  const chunked = (checksum: string) =>
    fetch(`${s3.url}/${Bucket}/trailing`, {
      method: 'PUT',
      headers: { 'content-encoding': 'aws-chunked', 'x-amz-trailer': 'x-amz-checksum-crc32' },
      body: `9\r\n123456789\r\n0\r\nx-amz-checksum-crc32:${checksum}\r\n\r\n`,
    })
  expect((await chunked('AAAAAA==')).status).toBe(400)
  expect((await chunked('y/Q5Jg==')).status).toBe(200)
  expect(await text('trailing')).toBe('123456789')
})

test('what is not there is told in S3 words', async () => {
  await expect(text('nothing')).rejects.toMatchObject({ name: 'NoSuchKey' })
  await expect(client.send(new HeadObjectCommand({ Bucket, Key: 'nothing' }))).rejects.toMatchObject({
    name: 'NotFound',
  })
  await expect(client.send(new ListObjectsV2Command({ Bucket: 'nowhere' }))).rejects.toMatchObject({
    name: 'NoSuchBucket',
  })
  await expect(client.send(new CreateBucketCommand({ Bucket: 'Bad_Name' }))).rejects.toMatchObject({
    name: 'InvalidBucketName',
  })
  await expect(client.send(new CreateBucketCommand({ Bucket }))).rejects.toMatchObject({
    name: 'BucketAlreadyOwnedByYou',
  })
  await expect(client.send(new DeleteBucketCommand({ Bucket }))).rejects.toMatchObject({
    name: 'BucketNotEmpty',
  })
  await expect(
    client.send(new GetObjectCommand({ Bucket, Key: 'once', Range: 'bytes=0-1' })),
  ).rejects.toMatchObject({
    name: 'NotImplemented',
  })
})

test('property: page by page each key and each folder comes once, in the order of bytes', async () => {
  const key = fc
    .array(fc.constantFrom('a', 'b', '/', 'é', '🚀', '&'), { minLength: 1, maxLength: 5 })
    .map((parts) => `p/${parts.join('')}`)
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(key, { maxLength: 12 }),
      fc.integer({ min: 1, max: 4 }),
      fc.boolean(),
      async (keys, most, folders) => {
        for (const one of keys) await put(one, 'x')
        const found: string[] = []
        let ContinuationToken: string | undefined
        do {
          const page = await client.send(
            new ListObjectsV2Command({
              ...{ Bucket, Prefix: 'p/', MaxKeys: most, ContinuationToken },
              ...(folders && { Delimiter: '/' }),
            }),
          )
          found.push(
            ...(page.Contents ?? []).map(({ Key = '' }) => Key),
            ...(page.CommonPrefixes ?? []).map(({ Prefix = '' }) => Prefix),
          )
          ContinuationToken = page.NextContinuationToken
        } while (ContinuationToken !== undefined)
        const shown = keys.map((one) => {
          const end = folders ? one.indexOf('/', 2) : -1
          return end === -1 ? one : one.slice(0, end + 1)
        })
        expect(found.toSorted()).toEqual([...new Set(shown)].toSorted())
        if (keys.length > 0)
          await client.send(
            new DeleteObjectsCommand({ Bucket, Delete: { Objects: keys.map((Key) => ({ Key })) } }),
          )
      },
    ),
    { numRuns: 40 },
  )
})

test('buckets and objects survive a restart', async () => {
  const folder = newFolder()
  for (const round of [1, 2]) {
    const data = openData(folder)
    const kept = await startS3({ shelf: data.shelf('s3') })
    const own = new S3Client(config(kept))
    if (round === 1) {
      await own.send(new CreateBucketCommand({ Bucket: 'kept' }))
      await own.send(new PutObjectCommand({ Bucket: 'kept', Key: 'k', Body: new Uint8Array([0, 255]) }))
    } else {
      expect((await own.send(new ListBucketsCommand({}))).Buckets?.map(({ Name }) => Name)).toEqual(['kept'])
      const { Body } = await own.send(new GetObjectCommand({ Bucket: 'kept', Key: 'k' }))
      expect(await Body?.transformToByteArray()).toEqual(new Uint8Array([0, 255]))
    }
    own.destroy()
    await kept.close()
    data.close()
  }
})
