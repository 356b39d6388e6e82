/** JSON without loss: versions are 64-bit integers, and JavaScript's numbers end at 2^53. */

// Safe: the method exists in every Node that this package supports; the type library does not know it yet.
const { rawJSON } = JSON as typeof JSON & { rawJSON(text: string): unknown }

/** An integer that `JSON.stringify` writes with all its digits. */
export function exactInteger(value: bigint): unknown {
  return rawJSON(value.toString())
}

type Reviver = (key: string, value: unknown, context: { source?: string }) => unknown

/** Parses JSON; an integer beyond 2^53 becomes a string, so that it keeps its digits. */
export function parseExact(text: string): unknown {
  const keepDigits: Reviver = (_, value, { source }) =>
    typeof value === 'number' &&
    !Number.isSafeInteger(value) &&
    source !== undefined &&
    /^-?\d+$/.test(source)
      ? source
      : value
  // Safe: every Node that this package supports passes the third argument; the type library does not know it yet.
  return JSON.parse(text, keepDigits as (key: string, value: unknown) => unknown)
}

export type Fields = Readonly<Record<string, unknown>>

export function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
