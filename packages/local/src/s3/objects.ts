/** Owns the buckets and what lies in them. */
import { createHash } from 'node:crypto'
import type { Shelf } from '../data/index.ts'

export interface StoredObject {
  readonly key: string
  readonly bytes: Buffer
  readonly etag: string
  readonly at: Date
  /** Headers of the object that are given back: type, encoding, and those of the user. */
  readonly headers: Readonly<Record<string, string>>
}

export interface Bucket {
  readonly name: string
  readonly made: Date
  readonly objects: Map<string, StoredObject>
}

export interface Buckets {
  all(): readonly Bucket[]
  find(name: string): Bucket | undefined
  make(name: string): Bucket
  remove(name: string): void
  put(bucket: Bucket, key: string, bytes: Buffer, headers: StoredObject['headers']): StoredObject
  drop(bucket: Bucket, key: string): void
}

/** @param shelf keeps buckets, and objects as base64 */
export function createBuckets(shelf: Shelf, now: () => number): Buckets {
  const buckets = new Map<string, Bucket>()
  for (const [name, value] of shelf.all()) {
    const { bucket, key, data, at, headers } = Object(value)
    const known = buckets.get(bucket ?? name) ?? {
      name: bucket ?? name,
      made: new Date(at),
      objects: new Map(),
    }
    buckets.set(known.name, known)
    if (key !== undefined)
      known.objects.set(key, object(key, Buffer.from(data, 'base64'), headers, new Date(at)))
  }

  return {
    all: () => [...buckets.values()],
    find: (name) => buckets.get(name),
    make: (name) => {
      const made = { name, made: new Date(now()), objects: new Map() }
      buckets.set(name, made)
      shelf.set(name, { at: made.made })
      return made
    },
    remove: (name) => {
      buckets.delete(name)
      shelf.delete(name)
    },
    put: (bucket, key, bytes, headers) => {
      const made = object(key, bytes, headers, new Date(now()))
      bucket.objects.set(key, made)
      const { at } = made
      shelf.set(shelved(bucket, key), {
        bucket: bucket.name,
        key,
        data: bytes.toString('base64'),
        at,
        headers,
      })
      return made
    },
    drop: (bucket, key) => {
      bucket.objects.delete(key)
      shelf.delete(shelved(bucket, key))
    },
  }
}

/** No bucket has a slash in its name. */
const shelved = ({ name }: Bucket, key: string) => `${name}/${key}`

function object(key: string, bytes: Buffer, headers: StoredObject['headers'], at: Date): StoredObject {
  return { key, bytes, at, headers, etag: `"${createHash('md5').update(bytes).digest('hex')}"` }
}

export interface Page {
  readonly objects: readonly StoredObject[]
  /** What stands for keys that have the delimiter behind the prefix. */
  readonly folders: readonly string[]
  /** Where the next page begins, if there is one. */
  readonly next: string | undefined
}

export interface Listing {
  readonly prefix: string
  readonly delimiter: string
  /** Keys are greater than it. */
  readonly after: string
  readonly most: number
}

/** In the order of the keys' UTF-8 bytes, as S3 lists. */
export function pageOf({ objects }: Bucket, { prefix, delimiter, after, most }: Listing): Page {
  const keys = [...objects.keys()]
    .filter((key) => key.startsWith(prefix) && Buffer.compare(Buffer.from(key), Buffer.from(after)) > 0)
    .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  const found: StoredObject[] = []
  const folders = new Set<string>()
  let last: string | undefined
  for (const key of keys) {
    const end = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
    const folder = end === -1 ? undefined : key.slice(0, end + delimiter.length)
    const isNew = folder === undefined || (!folders.has(folder) && folder !== after)
    if (isNew && found.length + folders.size === most)
      return { objects: found, folders: [...folders], next: last }
    if (folder !== undefined) folders.add(folder)
    else {
      const one = objects.get(key)
      if (one !== undefined) found.push(one)
    }
    last = key
  }
  return { objects: found, folders: [...folders], next: undefined }
}
