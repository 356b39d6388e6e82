/** Owns the S3 endpoint: which request asks for what, in path style. What it does not know is refused with 501. */
import { createHash } from 'node:crypto'
import { NO_SHELF, type Shelf } from '../data/index.ts'
import { decoded, type Reply, type Request, serve, textsOf, xml } from '../http/index.ts'
import { bodyOf, wrongChecksum } from './body.ts'
import { conditionOf } from './conditions.ts'
import { type Bucket, createBuckets, pageOf, type StoredObject } from './objects.ts'

export interface S3Options {
  /** @default chosen by the system */
  readonly port?: number
  /** Keeps buckets and objects. @default they are gone with the process */
  readonly shelf?: Shelf
  /** Milliseconds since 1970: when objects were written. @default the system's clock */
  readonly now?: () => number
}

export interface S3 extends AsyncDisposable {
  readonly url: string
  /** The keys of a bucket; undefined if there is no such bucket. */
  keys(bucket: string): readonly string[] | undefined
  close(): Promise<void>
}

/** S3's own. https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html */
const LONGEST_KEY = 1_024
const KEPT =
  /^(content-(type|encoding|disposition|language)|cache-control|expires|x-amz-meta-.*|x-amz-checksum-.*)$/

/**
 * S3 on this machine, for its official client with `forcePathStyle`: buckets and objects, conditions by tags, checksums, lists by prefix and delimiter.
 * Uploads in parts, versions, ranges and access rules are refused.
 *
 * @throws SpaceshipError `local-port` if the port is taken
 */
export async function startS3({ port, shelf = NO_SHELF, now = Date.now }: S3Options = {}): Promise<S3> {
  const buckets = createBuckets(shelf, now)

  function ofService(): Reply {
    const all = buckets.all().map(({ name, made }) => ({ Name: name, CreationDate: made.toISOString() }))
    return xml(200, 'ListAllMyBucketsResult', { Buckets: { Bucket: all }, Owner: { ID: 'spaceship' } })
  }

  function ofBucket(name: string, request: Request): Reply {
    const { method, query } = request
    const bucket = buckets.find(name)
    if (method === 'PUT' && query.size === 0) {
      if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name))
        return refusal(400, 'InvalidBucketName', 'The specified bucket is not valid.')
      if (bucket !== undefined)
        return refusal(
          409,
          'BucketAlreadyOwnedByYou',
          'The bucket you tried to create already exists, and you own it.',
        )
      buckets.make(name)
      return { status: 200, headers: { location: `/${name}` } }
    }
    if (bucket === undefined) return refusal(404, 'NoSuchBucket', 'The specified bucket does not exist')
    if (method === 'HEAD') return { status: 200 }
    if (method === 'DELETE' && query.size === 0) {
      if (bucket.objects.size > 0)
        return refusal(409, 'BucketNotEmpty', 'The bucket you tried to delete is not empty')
      buckets.remove(name)
      return { status: 204 }
    }
    if (method === 'POST' && query.has('delete')) return removeMany(bucket, request)
    if (method === 'GET' && query.get('list-type') === '2') return list(bucket, query)
    return notHere(`${method} of a bucket with ${[...query.keys()].join(', ') || 'nothing'}`)
  }

  function removeMany(bucket: Bucket, { body }: Request): Reply {
    const text = body.toString('utf8')
    if (/<(ETag|LastModifiedTime|Size)>/.test(text)) return notHere('conditions of DeleteObjects')
    const keys = textsOf(text, 'Key')
    if (keys.length === 0 || keys.length > 1_000) return refusal(400, 'MalformedXML', 'from 1 to 1000 keys')
    for (const key of keys) buckets.drop(bucket, key)
    return xml(200, 'DeleteResult', { Deleted: keys.map((Key) => ({ Key })) })
  }

  function list(bucket: Bucket, query: URLSearchParams): Reply {
    const most = Math.min(1_000, Number(query.get('max-keys') ?? 1_000))
    if (!Number.isInteger(most) || most < 0)
      return refusal(400, 'InvalidArgument', 'max-keys must be a number')
    const token = query.get('continuation-token')
    const after =
      token === null ? (query.get('start-after') ?? '') : Buffer.from(token, 'base64url').toString()
    const [prefix, delimiter] = [query.get('prefix') ?? '', query.get('delimiter') ?? '']
    const { objects, folders, next } = pageOf(bucket, { prefix, delimiter, after, most })
    return xml(200, 'ListBucketResult', {
      Name: bucket.name,
      Prefix: prefix,
      ...(delimiter !== '' && { Delimiter: delimiter }),
      MaxKeys: most,
      KeyCount: objects.length + folders.length,
      IsTruncated: next !== undefined,
      ...(next !== undefined && { NextContinuationToken: Buffer.from(next).toString('base64url') }),
      Contents: objects.map(({ key, bytes, etag, at }) => ({
        Key: key,
        LastModified: at.toISOString(),
        ETag: etag,
        Size: bytes.length,
        StorageClass: 'STANDARD',
      })),
      CommonPrefixes: folders.map((Prefix) => ({ Prefix })),
    })
  }

  function ofObject(name: string, key: string, request: Request): Reply {
    const { method, query, headers } = request
    const bucket = buckets.find(name)
    if (bucket === undefined) return refusal(404, 'NoSuchBucket', 'The specified bucket does not exist')
    if (Buffer.byteLength(key) > LONGEST_KEY) return refusal(400, 'KeyTooLongError', 'Your key is too long')
    const others = [...query.keys()].filter((parameter) => parameter !== 'x-id')
    if (others.length > 0) return notHere(`${method} of an object with ${others.join(', ')}`)
    const known = bucket.objects.get(key)
    const refused = unlessMet(request, known)
    // An answer to HEAD has no body.
    if (refused !== undefined) return method === 'HEAD' ? { status: refused.status } : refused
    if (method === 'PUT') return put(bucket, key, request)
    if (method === 'DELETE') {
      buckets.drop(bucket, key)
      return { status: 204 }
    }
    if (method !== 'GET' && method !== 'HEAD') return notHere(`${method} of an object`)
    if (headers.range !== undefined) return notHere('a range of an object')
    if (known === undefined) return method === 'HEAD' ? { status: 404 } : noSuchKey()
    const reply = { status: 200, headers: headersOf(known), body: known.bytes }
    if (method === 'GET') return reply
    return { ...reply, headers: { ...reply.headers, 'content-length': String(known.bytes.length) }, body: '' }
  }

  function put(bucket: Bucket, key: string, request: Request): Reply {
    const { headers } = request
    if (headers['x-amz-copy-source'] !== undefined) return notHere('a copy of an object')
    const body = bodyOf(request)
    const { bytes } = body
    const wrong = wrongChecksum(headers, body)
    if (wrong !== undefined)
      return 'unknown' in wrong
        ? notHere(`a checksum ${wrong.unknown}`)
        : refusal(400, 'BadDigest', `The ${wrong.other} you specified did not match the calculated checksum.`)
    const md5 = headers['content-md5']
    if (md5 !== undefined && md5 !== createHash('md5').update(bytes).digest('base64'))
      return refusal(400, 'BadDigest', 'The Content-MD5 you specified did not match what we received.')
    const kept = Object.fromEntries(
      Object.entries(headers).filter(([header, value]) => KEPT.test(header) && value !== 'aws-chunked'),
    )
    const { etag } = buckets.put(bucket, key, bytes, kept)
    return { status: 200, headers: { etag } }
  }

  const server = await serve(
    (request) => {
      const [, name = '', ...rest] = request.path.split('/')
      if (name === '') return request.method === 'GET' ? ofService() : notHere(request.method)
      const key = decoded(rest.join('/'))
      if (key === undefined) return refusal(400, 'InvalidURI', "Couldn't parse the specified URI.")
      return key === '' ? ofBucket(name, request) : ofObject(name, key, request)
    },
    port === undefined ? {} : { port },
  )
  const close = () => server.close()
  return {
    url: server.url,
    keys: (bucket) => {
      const found = buckets.find(bucket)
      return found && [...found.objects.keys()].sort()
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

function headersOf({ etag, at, bytes, headers }: StoredObject): Record<string, string> {
  return {
    'content-type': 'binary/octet-stream',
    ...headers,
    etag,
    'last-modified': at.toUTCString(),
    'x-amz-object-size': String(bytes.length),
  }
}

function unlessMet({ method, headers }: Request, known: StoredObject | undefined): Reply | undefined {
  const condition = conditionOf(method, headers, known)
  if (condition === 'holds') return undefined
  if (condition === 'missing') return noSuchKey()
  if (condition === 'failed')
    return refusal(412, 'PreconditionFailed', 'At least one of the pre-conditions you specified did not hold')
  if (condition === 'not modified') return { status: 304, headers: { etag: known?.etag ?? '' } }
  return notHere(`the condition ${condition.unknown} of ${method}`)
}

function noSuchKey(): Reply {
  return refusal(404, 'NoSuchKey', 'The specified key does not exist.')
}

function refusal(status: number, code: string, message: string): Reply {
  return xml(status, 'Error', { Code: code, Message: message, RequestId: 'embedded' })
}

function notHere(what: string): Reply {
  return refusal(501, 'NotImplemented', `the embedded S3 does not support ${what}`)
}
