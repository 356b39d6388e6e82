/** JSON as CBOR, which the Kinesis of other SDKs speaks; whole numbers up to 2^32 keep their kind, others are doubles. */
export function cborOf(value: unknown): Buffer {
  if (value === null || value === undefined) return Buffer.from([0xf6])
  if (typeof value === 'boolean') return Buffer.from([value ? 0xf5 : 0xf4])
  if (typeof value === 'number') return numberOf(value)
  if (typeof value === 'string') {
    const bytes = Buffer.from(value)
    return Buffer.concat([head(3, bytes.length), bytes])
  }
  if (Array.isArray(value)) return Buffer.concat([head(4, value.length), ...value.map(cborOf)])
  const entries = Object.entries(Object(value))
  return Buffer.concat([head(5, entries.length), ...entries.flat().map(cborOf)])
}

function head(kind: number, length: number): Buffer {
  const bytes = Buffer.alloc(5)
  bytes[0] = (kind << 5) | 26
  bytes.writeUInt32BE(length, 1)
  return bytes
}

function numberOf(value: number): Buffer {
  if (Number.isInteger(value) && value >= 0 && value < 2 ** 32) return head(0, value)
  const bytes = Buffer.alloc(9)
  bytes[0] = 0xfb
  bytes.writeDoubleBE(value, 1)
  return bytes
}
