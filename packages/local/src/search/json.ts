/** JSON without loss: versions and fields of type long are 64-bit integers, and JavaScript's numbers end at 2^53. */

/** A number as it was written. */
interface Raw {
  readonly rawJSON: string
}

// Safe: the methods exist in every Node that this package supports; the type library does not know them yet.
const { rawJSON, isRawJSON } = JSON as typeof JSON & {
  rawJSON(text: string): Raw
  isRawJSON(value: unknown): value is Raw
}

/** An integer that `JSON.stringify` writes with all its digits. */
export function exactInteger(value: bigint): unknown {
  return rawJSON(value.toString())
}

type Reviver = (key: string, value: unknown, context: { source?: string }) => unknown

/** An integer beyond 2^53, as it was written. */
function digitsOf(value: unknown, { source }: { source?: string }): string | undefined {
  const isLarge = typeof value === 'number' && !Number.isSafeInteger(value)
  return isLarge && source !== undefined && /^-?\d+$/.test(source) ? source : undefined
}

/** Parses JSON; an integer beyond 2^53 becomes a string, so that it keeps its digits. */
export function parseExact(text: string): unknown {
  return revived(text, (_, value, context) => digitsOf(value, context) ?? value)
}

/** Parses JSON so that `JSON.stringify` writes each number again as it was, as in `1.0` and `1e3`: the source of a document. */
export function parseSource(text: string): unknown {
  return revived(text, (_, value, { source }) =>
    typeof value === 'number' && source !== undefined && source !== String(value) ? rawJSON(source) : value,
  )
}

function revived(text: string, reviver: Reviver): unknown {
  // Safe: every Node that this package supports passes the third argument; the type library does not know it yet.
  return JSON.parse(text, reviver as (key: string, value: unknown) => unknown)
}

/** A number of a source as it was written; nothing for what is no number. */
export function numberText(value: unknown): string | undefined {
  if (isRawJSON(value)) return value.rawJSON
  return typeof value === 'number' ? String(value) : undefined
}

export type Fields = Readonly<Record<string, unknown>>

export function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isRawJSON(value)
}
