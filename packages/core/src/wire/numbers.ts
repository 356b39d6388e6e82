/**
 * DynamoDB's numbers (38 decimal digits) as JavaScript's.
 *
 * | text                                | `double`  | `lossless`         | `text`   |
 * |-------------------------------------|-----------|--------------------|----------|
 * | a double prints it                  | number    | number             | as it is |
 * | a longer integer                    | refused   | bigint             | as it is |
 * | a longer or wider decimal           | refused   | string, as it is   | as it is |
 * | no number, or of too many characters | refused   | refused            | refused  |
 *
 * Whoever may put a record on the stream writes these texts. So each pattern here takes a text in one direction, and none is asked
 * of a text beyond {@link MOST_CHARACTERS}.
 */
export type Numbers = 'double' | 'lossless' | 'text'

/** The longest number of DynamoDB's has 38 digits behind 129 zeros; emulators and other writers may add some. */
export const MOST_CHARACTERS = 1_000

const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i
const INTEGER = /^[+-]?\d+$/

/** Number() takes more for a number: blanks, hexadecimal, nothing at all. */
export function isNumber(text: string): boolean {
  return text.length <= MOST_CHARACTERS && NUMBER.test(text)
}

/** Undefined for what is refused. */
export function numberOf(text: string, numbers: Numbers): number | bigint | string | undefined {
  if (!isNumber(text)) return undefined
  if (numbers === 'text') return text
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
  const digits = mantissa.replace(/[^0-9]/g, '').replace(/^0+/, '')
  // A pattern for the zeros at the end would begin anew at each zero before it.
  let end = digits.length
  while (digits[end - 1] === '0') end -= 1
  return digits.slice(0, end)
}
