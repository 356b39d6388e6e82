/** DynamoDB's own JSON: an item is a record of attributes, an attribute an object with one type tag. */

import { type Fields, isFields } from '../http/index.ts'

/** `{ id: { S: 'c-1' }, total: { N: '3' } }` */
export type Item = Fields

/** One text per value: sets in any order, numbers in any spelling and binaries in any padding give the same one. */
export function canonical(attribute: unknown): string {
  if (!isFields(attribute)) return JSON.stringify(attribute ?? null)
  const [[tag, value] = ['', undefined]] = Object.entries(attribute)
  switch (tag) {
    case 'N':
      return `N:${canonicalNumber(String(value))}`
    case 'B':
      return `B:${Buffer.from(String(value), 'base64').toString('base64')}`
    case 'SS':
      return `SS:${JSON.stringify(listOf(value).map(String).sort())}`
    case 'NS':
      return `NS:${listOf(value).map(String).map(canonicalNumber).sort().join()}`
    case 'BS':
      return `BS:${listOf(value).map(String).sort().join()}`
    case 'L':
      return `L:[${listOf(value).map(canonical).join()}]`
    case 'M':
      return `M:${canonicalItem(isFields(value) ? value : {})}`
    default:
      return `${tag}:${JSON.stringify(value)}`
  }
}

/** The same for a whole item, in any order of its attributes. */
export function canonicalItem(item: Item): string {
  const parts = Object.entries(item).map(
    ([name, attribute]) => `${JSON.stringify(name)}=${canonical(attribute)}`,
  )
  return `{${parts.sort().join()}}`
}

/** DynamoDB's numbers are shorter, also with all the zeros that a writer may add; a longer text stands for itself. */
const MOST_CHARACTERS = 1_000

/** `'1.50'`, `'15e-1'` and `'+1.5'` are one number, also with 38 digits. */
export function canonicalNumber(given: string): string {
  if (given.length > MOST_CHARACTERS) return given
  const text = given.trim()
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? []
  const digits = (whole + fraction).replace(/^0+/, '')
  const significant = digits.replace(/(?<!0)0+$/, '')
  if (significant === '') return /\d/.test(text) ? '0' : given
  const power = Number(exponent) - fraction.length + (digits.length - significant.length)
  return `${sign === '-' ? '-' : ''}${significant}e${power}`
}

/** Bytes, as DynamoDB counts an item: names and values, with three bytes for each nesting. */
export function sizeOf(item: Item | undefined): number {
  const entries = Object.entries(item ?? {})
  return entries.reduce(
    (sum, [name, attribute]) => sum + Buffer.byteLength(name) + attributeSize(attribute),
    0,
  )
}

function attributeSize(attribute: unknown): number {
  if (!isFields(attribute)) return 0
  const [[tag, value] = ['', undefined]] = Object.entries(attribute)
  const total = (sizes: number[]) => sizes.reduce((sum, size) => sum + size, 0)
  switch (tag) {
    case 'S':
      return Buffer.byteLength(String(value))
    case 'N':
      return numberSize(String(value))
    case 'B':
      return binarySize(String(value))
    case 'SS':
      return total(listOf(value).map((text) => Buffer.byteLength(String(text))))
    case 'NS':
      return total(listOf(value).map((text) => numberSize(String(text))))
    case 'BS':
      return total(listOf(value).map((text) => binarySize(String(text))))
    case 'L':
      return 3 + total(listOf(value).map((element) => 1 + attributeSize(element)))
    case 'M': {
      const members = isFields(value) ? value : {}
      return 3 + Object.keys(members).length + sizeOf(members)
    }
    default:
      return 1
  }
}

/** A byte for each two significant digits, and one more. */
function numberSize(text: string): number {
  const digits = canonicalNumber(text).replace(/^-/, '').replace(/e.*$/, '')
  return Math.ceil(digits.length / 2) + 1
}

function binarySize(text: string): number {
  return Buffer.from(text, 'base64').length
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}
