/**
 * CBOR (RFC 8949) as far as AWS's clients speak it with Kinesis: definite and indefinite lengths, bytes as `Buffer`. Tags are passed over.
 */

/** As in JSON: far beyond what any call needs, and far from where reading it would use up the stack. */
const DEEPEST = 1_000
const BREAK = Symbol('break')

/** @throws SyntaxError if the bytes are not one value in CBOR */
export function decodeCbor(bytes: Buffer): unknown {
  const reader = new Reader(bytes)
  const value = reader.value(0)
  if (value === BREAK || !reader.isAtEnd) throw new SyntaxError('expected one value in CBOR')
  return value
}

class Reader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length
  }

  value(depth: number): unknown {
    if (depth > DEEPEST) throw new SyntaxError(`the CBOR nests more than ${DEEPEST} levels deep`)
    const head = this.#take(1).readUInt8()
    const [major, detail] = [head >> 5, head & 0x1f]
    if (major === 7) return this.#simple(detail)
    const length = this.#length(detail)
    switch (major) {
      case 0:
        return wanted(length)
      case 1:
        return -1 - wanted(length)
      case 2:
        return length === undefined ? Buffer.concat(this.#chunks(depth, Buffer.isBuffer)) : this.#take(length)
      case 3:
        return length === undefined ? this.#chunks(depth, isText).join('') : this.#take(length).toString()
      case 4:
        return this.#items(length, depth)
      case 5:
        return this.#map(length, depth)
      default:
        return this.value(depth + 1)
    }
  }

  #take(count: number): Buffer {
    if (this.#at + count > this.#bytes.length) throw new SyntaxError('the CBOR ends too early')
    this.#at += count
    return this.#bytes.subarray(this.#at - count, this.#at)
  }

  /** Nothing for an indefinite one. */
  #length(detail: number): number | undefined {
    if (detail < 24) return detail
    if (detail === 24) return this.#take(1).readUInt8()
    if (detail === 25) return this.#take(2).readUInt16BE()
    if (detail === 26) return this.#take(4).readUInt32BE()
    if (detail === 27) return Number(this.#take(8).readBigUInt64BE())
    if (detail === 31) return undefined
    throw new SyntaxError('the CBOR has a length that is none')
  }

  #simple(detail: number): unknown {
    if (detail === 20 || detail === 21) return detail === 21
    if (detail === 22 || detail === 23) return null
    if (detail === 25) return half(this.#take(2).readUInt16BE())
    if (detail === 26) return this.#take(4).readFloatBE()
    if (detail === 27) return this.#take(8).readDoubleBE()
    if (detail === 31) return BREAK
    throw new SyntaxError('the CBOR has a value that is none')
  }

  #items(length: number | undefined, depth: number): unknown[] {
    const items: unknown[] = []
    while (length === undefined || items.length < length) {
      const item = this.value(depth + 1)
      if (item === BREAK) {
        if (length === undefined) break
        throw new SyntaxError('the CBOR ends a list too early')
      }
      items.push(item)
    }
    return items
  }

  #chunks<T>(depth: number, isChunk: (item: unknown) => item is T): T[] {
    const chunks = this.#items(undefined, depth)
    if (!chunks.every(isChunk)) throw new SyntaxError('the CBOR has a text or bytes in odd parts')
    return chunks
  }

  #map(length: number | undefined, depth: number): object {
    const flat = this.#items(length === undefined ? undefined : length * 2, depth)
    const entries: [string, unknown][] = []
    for (let at = 0; at < flat.length; at += 2) {
      const key = flat[at]
      if (typeof key !== 'string' || at + 1 === flat.length)
        throw new SyntaxError('the CBOR has a map whose keys are no texts')
      entries.push([key, flat[at + 1]])
    }
    return Object.fromEntries(entries)
  }
}

function wanted(length: number | undefined): number {
  if (length === undefined) throw new SyntaxError('the CBOR has a number without an end')
  return length
}

function isText(item: unknown): item is string {
  return typeof item === 'string'
}

function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const [exponent, fraction] = [(bits >> 10) & 0x1f, bits & 0x3ff]
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return sign * (1 + fraction / 1_024) * 2 ** (exponent - 15)
}

/** What JSON can say, and bytes. What is undefined is left out of maps. */
export function encodeCbor(value: unknown): Buffer {
  const parts: Buffer[] = []
  write(value, parts)
  return Buffer.concat(parts)
}

function write(value: unknown, parts: Buffer[]): void {
  if (typeof value === 'string') {
    const text = Buffer.from(value)
    parts.push(head(3, text.length), text)
  } else if (typeof value === 'number') parts.push(number(value))
  else if (typeof value === 'boolean') parts.push(Buffer.from([value ? 0xf5 : 0xf4]))
  else if (Buffer.isBuffer(value)) parts.push(head(2, value.length), value)
  else if (Array.isArray(value)) {
    parts.push(head(4, value.length))
    for (const item of value) write(item, parts)
  } else if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).filter(([, member]) => member !== undefined)
    parts.push(head(5, entries.length))
    for (const [key, member] of entries) {
      write(key, parts)
      write(member, parts)
    }
  } else parts.push(Buffer.from([0xf6]))
}

function number(value: number): Buffer {
  if (Number.isSafeInteger(value)) return value < 0 ? head(1, -1 - value) : head(0, value)
  const double = Buffer.alloc(9)
  double.writeUInt8(0xfb)
  double.writeDoubleBE(value, 1)
  return double
}

function head(major: number, length: number): Buffer {
  const type = major << 5
  if (length < 24) return Buffer.from([type | length])
  const bytes = Buffer.alloc(9)
  bytes.writeBigUInt64BE(BigInt(length), 1)
  const [detail, size] =
    length < 0x100 ? [24, 1] : length < 0x1_0000 ? [25, 2] : length < 0x1_0000_0000 ? [26, 4] : [27, 8]
  return Buffer.concat([Buffer.from([type | detail]), bytes.subarray(9 - size)])
}
