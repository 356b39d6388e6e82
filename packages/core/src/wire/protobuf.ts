/**
 * As much of Protocol Buffers as an aggregate needs. https://protobuf.dev/programming-guides/encoding/
 *
 * ```
 * message = field*     field = varint(number << 3 | type) value
 * type 0: varint   1: 8 bytes   2: varint length, bytes   3: fields until the same number with type 4   5: 4 bytes
 * ```
 */

/** @param value of type 0 the lowest 32 bits, signed, as Java casts them. @param from with `to` the bounds of a type 2 */
type Visit = (number: number, type: number, value: number, from: number, to: number) => void

const NESTED = 64

/** Visits the fields between `from` and `to`; false if they are malformed. */
export function eachField(data: Uint8Array, from: number, to: number, visit: Visit): boolean {
  return fieldsEnd(data, from, to, Number.POSITIVE_INFINITY, visit) !== -1
}

/** Visits the one field at `from`; the index after it, or -1 if it is malformed. */
export function nextField(data: Uint8Array, from: number, to: number, visit: Visit): number {
  return fieldsEnd(data, from, to, 1, visit)
}

function fieldsEnd(data: Uint8Array, from: number, to: number, most: number, visit: Visit): number {
  let i = from
  try {
    for (let n = 0; n < most && i < to; n += 1) skip(varint(), 0, visit)
  } catch (error) {
    if (error === MALFORMED) return -1
    throw error
  }
  return i

  function skip(tag: number, depth: number, visitor?: Visit): void {
    const number = tag >>> 3
    const type = tag & 7
    if (number === 0 || depth > NESTED) throw MALFORMED
    const value = type === 0 || type === 2 ? varint() : 0
    const start = i
    if (type === 3) {
      for (let inner = varint(); inner !== tag + 1; inner = varint()) skip(inner, depth + 1)
    } else {
      const size = [0, 8, value, -1, -1, 4][type] ?? -1
      if (size < 0 || size > to - start) throw MALFORMED
      i = start + size
    }
    visitor?.(number, type, value, start, i)
  }

  function varint(): number {
    let value = 0
    for (let n = 0; n < 10 && i < to; n += 1) {
      const byte = data[i] ?? 0
      i += 1
      if (n < 5) value |= (byte & 0x7f) << (7 * n)
      if (byte < 0x80) return value
    }
    throw MALFORMED
  }
}

const MALFORMED = new Error('malformed')
