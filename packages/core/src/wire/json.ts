/**
 * JSON on bytes, stepped over without building anything. Strict and narrow: what machines write (no blanks, no numbers
 * but where the caller looks for them, 30 levels) is accepted where JSON.parse accepts it; for anything else the answer is
 * -1, and the caller lets JSON.parse decide. The UTF-8 has been checked before.
 *
 * | byte | `0x22` | `0x2c` | `0x3a` | `0x5b` | `0x5c` | `0x5d` | `0x7b` | `0x7d` |
 * |------|--------|--------|--------|--------|--------|--------|--------|--------|
 * | is   | `"`    | `,`    | `:`    | `[`    | `\`    | `]`    | `{`    | `}`    |
 *
 * The shape of this code, of `image.ts` and of `outline.ts` is measured. Bytes and -1 are literals, because a bundler makes variables of
 * constants, which costs a third; one loop does all levels; a helper is small enough to be inlined at each place where a
 * string may stand, so that each has a branch predictor of its own.
 */

const TRUE = word('true')
const FALSE = word('false')
const NULL = word('null')

/** The index after the value that begins at `i`. */
export function valueEnd(data: Uint8Array, i: number): number {
  const { length } = data
  let depth = 0
  // A bit per level, the innermost last: 1 in an object, 0 in an array.
  let kinds = 0
  for (;;) {
    const first = data[i]
    if (first === 0x7b) {
      i += 1
      if (data[i] !== 0x7d) {
        depth += 1
        kinds = (kinds << 1) | 1
        if (depth > 30 || data[i] !== 0x22) return -1
        i = stringEnd(data, i, length)
        if (data[i] !== 0x3a) return -1
        i += 1
        continue
      }
      i += 1
    } else if (first === 0x22) {
      i = stringEnd(data, i, length)
    } else if (first === 0x5b) {
      i += 1
      if (data[i] !== 0x5d) {
        depth += 1
        kinds <<= 1
        if (depth > 30) return -1
        continue
      }
      i += 1
    } else {
      i = wordEnd(data, i, first === 0x74 ? TRUE : first === 0x66 ? FALSE : NULL)
      if (i === -1) return -1
    }
    // After a value: out of the levels that end here, then on to the next one.
    for (;;) {
      if (depth === 0) return i <= length ? i : -1
      const next = data[i]
      if (next === 0x2c) {
        i += 1
        if (kinds & 1) {
          if (data[i] !== 0x22) return -1
          i = stringEnd(data, i, length)
          if (data[i] !== 0x3a) return -1
          i += 1
        }
        break
      }
      if (next !== (kinds & 1 ? 0x7d : 0x5d)) return -1
      kinds >>= 1
      depth -= 1
      i += 1
    }
  }
}

/** The index after the string whose opening quote stands at `i`; beyond the bytes if it is none. */
export function stringEnd(data: Uint8Array, i: number, length: number): number {
  while (++i < length) {
    // Within the bounds.
    const byte = data[i] as number
    if (byte === 0x22) break
    if (byte < 0x20 || byte === 0x5c) return escapedEnd(data, i, length)
  }
  return i + 1
}

/** The closing quote of a string that begins before `i`, in ASCII and without escapes; -1 for another one. */
export function asciiEnd(data: Uint8Array, i: number, length: number): number {
  for (; i < length; i += 1) {
    // Within the bounds.
    const byte = data[i] as number
    if (byte === 0x22) return i
    if (byte < 0x20 || byte >= 0x80 || byte === 0x5c) break
  }
  return -1
}

/** From the first escape on. */
function escapedEnd(data: Uint8Array, i: number, length: number): number {
  for (; i < length && data[i] !== 0x22; i += 1) {
    const byte = data[i] ?? 0
    if (byte < 0x20) return length + 1
    if (byte !== 0x5c) continue
    i += 1
    if (data[i] === 0x75) {
      for (const last = i + 4; i < last; ) if (!isIn('0123456789abcdefABCDEF', data[++i])) return length + 1
    } else if (!isIn('"\\/bfnrt', data[i])) return length + 1
  }
  return i + 1
}

function isIn(characters: string, byte: number | undefined): boolean {
  return byte !== undefined && characters.includes(String.fromCharCode(byte))
}

/** The index after these bytes, if they stand at `i`. Bytes, because the characters of a string cost twice as much to reach. */
export function wordEnd(data: Uint8Array, i: number, word: Uint8Array): number {
  for (let n = 0; n < word.length; n += 1) if (data[i + n] !== word[n]) return -1
  return i + word.length
}

export function word(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** The whole of it. @throws for what is not JSON in UTF-8 */
export function parse(data: Uint8Array): unknown {
  return JSON.parse(utf8.decode(data))
}
