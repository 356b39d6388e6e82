/**
 * DynamoDB's numbers (38 decimal digits) as JavaScript's.
 *
 * | text                                | `double`  | `lossless`         | `text`   |
 * |-------------------------------------|-----------|--------------------|----------|
 * | an integer that a double prints     | number    | bigint             | as it is |
 * | any other integer                   | refused   | bigint             | as it is |
 * | a decimal that a double prints      | number    | number             | as it is |
 * | a longer or wider decimal           | refused   | string, as it is   | as it is |
 * | no number, or of too many characters | refused   | refused            | refused  |
 *
 * A double prints a text if what JavaScript writes for it has the same digits: 2^60 is a double, but is written 1152921504606847000.
 * An integer is what has no fraction, however it is written (`5`, `5.0`, `1e3`), and at most 130 digits, which is
 * all that DynamoDB holds: with an exponent that makes it wider, it is a number or a string as a decimal is.
 *
 * Whoever may put a record on the stream writes these texts. So each pattern here takes a text in one direction, and none is asked
 * of a text beyond {@link MOST_CHARACTERS}.
 */
export type Numbers = 'double' | 'lossless' | 'text'

/** The longest number of DynamoDB's has 38 digits behind 129 zeros; emulators and other writers may add some. */
export const MOST_CHARACTERS = 1_000

const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i
const INTEGER = /^[+-]?\d+$/
const PARTS = /^([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d+))?$/i

/** Number() takes more for a number: blanks, hexadecimal, nothing at all. */
export function isNumber(text: string): boolean {
  return text.length <= MOST_CHARACTERS && NUMBER.test(text)
}

/** Undefined for what is refused. */
export function numberOf(text: string, numbers: Numbers): number | bigint | string | undefined {
  if (!isNumber(text)) return undefined
  if (numbers === 'text') return text
  if (numbers === 'lossless') {
    const integer = integerOf(text)
    if (integer !== undefined) return integer
  }
  const value = Number(text)
  if (isPrinted(text, value)) return value
  return numbers === 'double' ? undefined : text
}

function isPrinted(text: string, value: number): boolean {
  if (text.length <= 15 && !/e/i.test(text)) return true
  return Number.isFinite(value) && digitsOf(text) === digitsOf(String(value))
}

/** The longest integer of DynamoDB's has 126 digits. */
const MOST_DIGITS = 130

/** Undefined for what has a fraction, or is wider than DynamoDB's. */
function integerOf(text: string): bigint | undefined {
  if (INTEGER.test(text)) return BigInt(text.startsWith('+') ? text.slice(1) : text)
  const { sign, digits, shift } = partsOf(text)
  if (digits === '') return 0n
  const length = integerDigits(text)
  if (length === undefined || length > MOST_DIGITS) return undefined
  const integer = shift < 0 ? digits.slice(0, shift) : digits.padEnd(length, '0')
  return BigInt(`${sign === '-' ? '-' : ''}${integer}`)
}

/**
 * How many digits an integer has, however it is written: `1e3` has four. Infinity for an exponent beyond all numbers.
 *
 * @returns undefined for what has a fraction
 */
export function integerDigits(text: string): number | undefined {
  const { digits, shift } = partsOf(text)
  if (digits === '') return 1
  const zeros = digits.length - digitsOf(digits).length
  return shift < -zeros ? undefined : digits.length + shift
}

/** The digits without zeros at the front, and how many places the point stands behind them. */
function partsOf(text: string): { readonly sign: string; readonly digits: string; readonly shift: number } {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = PARTS.exec(text) ?? []
  return { sign, digits: `${whole}${fraction}`.replace(/^0+/, ''), shift: Number(exponent) - fraction.length }
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
