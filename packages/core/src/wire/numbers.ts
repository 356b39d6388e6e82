/**
 * DynamoDB's numbers (38 decimal digits) as JavaScript's.
 *
 * | text                       | `double`  | `lossless`         | `text`  |
 * |----------------------------|-----------|--------------------|---------|
 * | a double prints it         | number    | number             | as it is |
 * | a longer integer           | refused   | bigint             | as it is |
 * | a longer or wider decimal  | refused   | string, as it is   | as it is |
 * | no number                  | refused   | refused            | as it is |
 */
export type Numbers = 'double' | 'lossless' | 'text'

const INTEGER = /^[+-]?\d+$/

/** Number() takes more for a number: blanks, hexadecimal, nothing at all. */
export function isNumber(text: string): boolean {
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text)
}

/** Undefined for what is refused. */
export function numberOf(text: string, numbers: Numbers): number | bigint | string | undefined {
  if (numbers === 'text') return text
  if (!isNumber(text)) return undefined
  const value = Number(text)
  if (fits(text, value)) return value
  if (numbers === 'double') return undefined
  return INTEGER.test(text) ? BigInt(text) : text
}

function fits(text: string, value: number): boolean {
  if (text.length <= 15 && !/e/i.test(text)) return true
  if (!Number.isFinite(value)) return false
  return digitsOf(text) === digitsOf(String(value)) || (INTEGER.test(text) && BigInt(text) === BigInt(value))
}

/** The significant digits, without sign, point, exponent and zeros at either end. */
export function digitsOf(text: string): string {
  const [mantissa = ''] = text.toLowerCase().split('e')
  return mantissa
    .replace(/[^0-9]/g, '')
    .replace(/^0+/, '')
    .replace(/0+$/, '')
}
