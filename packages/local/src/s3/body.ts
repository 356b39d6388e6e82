/** Owns the bytes of an object as they come: in chunks or whole, and whether they are those that were sent. */

import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { Request } from '../http/index.ts'

type Headers = Readonly<Record<string, string>>

export interface Body {
  readonly bytes: Buffer
  /** Headers that come behind it. */
  readonly trailer: Headers
}

/** Of a stream the SDK sends chunks, each with its size in front: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html */
export function bodyOf({ headers, body }: Request): Body {
  if (!String(headers['content-encoding']).includes('aws-chunked')) return { bytes: body, trailer: {} }
  const chunks: Buffer[] = []
  let at = 0
  while (at < body.length) {
    const end = body.indexOf('\r\n', at)
    const size = Number.parseInt(body.toString('latin1', at, end === -1 ? body.length : end), 16)
    if (end === -1) break
    at = end + 2
    if (!(size > 0)) break
    chunks.push(body.subarray(at, at + size))
    at += size + 2
  }
  const lines = body.toString('latin1', at).split('\r\n')
  const trailer = lines.map((line) => /^([^:]+):(.*)$/.exec(line) ?? [])
  return {
    bytes: Buffer.concat(chunks),
    trailer: Object.fromEntries(
      trailer.map(([, name = '', value = '']) => [name.toLowerCase(), value.trim()]),
    ),
  }
}

const CHECKSUM = /^x-amz-checksum-(?!algorithm$|mode$|type$)(.+)$/

const DIGESTS: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  crc32: (bytes) => inFourBytes(crc32(bytes)),
  crc32c: (bytes) => inFourBytes(crc32c(bytes)),
  sha1: (bytes) => createHash('sha1').update(bytes).digest(),
  sha256: (bytes) => createHash('sha256').update(bytes).digest(),
}

export type Wrong = { readonly unknown: string } | { readonly other: string }

/** The first checksum that is not that of the bytes, by its algorithm, or that nobody here can compute. */
export function wrongChecksum(headers: Headers, { bytes, trailer }: Body): Wrong | undefined {
  for (const [header, value] of Object.entries({ ...headers, ...trailer })) {
    const algorithm = CHECKSUM.exec(header)?.[1]
    if (algorithm === undefined) continue
    const digest = Object.hasOwn(DIGESTS, algorithm) ? DIGESTS[algorithm] : undefined
    if (digest === undefined) return { unknown: algorithm }
    if (digest(bytes).toString('base64') !== value) return { other: algorithm.toUpperCase() }
  }
  return undefined
}

function inFourBytes(sum: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(sum)
  return bytes
}

/** Castagnoli's. */
const POLYNOMIAL = 0x82f63b78

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let sum = byte
  for (let bit = 0; bit < 8; bit += 1) sum = (sum >>> 1) ^ (sum & 1 ? POLYNOMIAL : 0)
  return sum
})

function crc32c(bytes: Buffer): number {
  let sum = 0xffffffff
  for (const byte of bytes) sum = (sum >>> 8) ^ (TABLE[(sum ^ byte) & 0xff] ?? 0)
  return (sum ^ 0xffffffff) >>> 0
}
