/** Aggregates as the producer library of Kinesis writes them. */

import { createHash } from 'node:crypto'
import type { StreamRecord } from '../src/engine.ts'
import { inserted, record } from './bench.ts'

/** An aggregate with one change of each of these keys, as KCL reads it. */
export function aggregate(
  sequence: number,
  keys: readonly string[],
  dataOf: (key: string, i: number) => Uint8Array = (key, i) => inserted(sequence * 10 + i, key).data,
): StreamRecord {
  const field = (number: number, bytes: Uint8Array) =>
    Buffer.concat([Buffer.from([(number << 3) | 2]), varint(bytes.length), bytes])
  const varint = (value: number): Buffer =>
    value < 128
      ? Buffer.from([value])
      : Buffer.concat([Buffer.from([(value & 127) | 128]), varint(value >>> 7)])
  const table = keys.map((key) => field(1, Buffer.from(key)))
  const entries = keys.map((key, i) =>
    field(3, Buffer.concat([Buffer.from([1 << 3]), varint(i), field(3, dataOf(key, i))])),
  )
  const message = Buffer.concat([...table, ...entries])
  const digest = createHash('md5').update(message).digest()
  return record(sequence, new Uint8Array(Buffer.concat([Buffer.from('f3899ac2', 'hex'), message, digest])))
}
