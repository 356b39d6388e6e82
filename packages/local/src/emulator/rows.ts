/** A blob as it lies in a file. */
export function bytes(value: unknown): Buffer {
  return value instanceof Uint8Array
    ? Buffer.from(value.buffer, value.byteOffset, value.byteLength)
    : Buffer.alloc(0)
}

/** From the first to behind the last of the keys that begin so. */
export function rangeOf(prefix: string): [Buffer, Buffer] {
  const last = prefix.charCodeAt(prefix.length - 1)
  return [Buffer.from(prefix), Buffer.from(prefix.slice(0, -1) + String.fromCharCode(last + 1))]
}
