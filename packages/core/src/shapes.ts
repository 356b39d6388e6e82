/**
 * Owns what is asked of arguments before they are used, for callers without types: shapes, which are data, and the checker that
 * words every problem. It is asked where something is declared or made, never for a record. A message shows a number or a word
 * only where the shape asks for one: every other value could be a secret, or have one inside.
 */

import { isDuration, milliseconds, type Rate, spacing } from './duration.ts'
import { refuse } from './errors.ts'
import { isRecord } from './foreign.ts'
import { nearestName } from './nearest.ts'

export interface Shape {
  /** The words for all that fits, after "expected": `a whole number of at least 1`. */
  readonly expected: string
  readonly fits: (value: unknown) => boolean
  /** Messages show the number or the word that does not fit. */
  readonly plain?: boolean
  readonly required?: boolean
  /** Of each item of a list, all of them required. */
  readonly items?: Shape
  /** Of an object's fields, or a function's. */
  readonly fields?: Shapes
  /** Messages name the fields without the object, as those of options. */
  readonly bare?: boolean
  /** A field that is none of `fields` is a problem: a name that is misspelt. */
  readonly closed?: boolean
}

export type Shapes = Readonly<Record<string, Shape>>

/** The shapes of all fields of `T`: the compiler misses the one that is forgotten. */
export type ShapesOf<T> = { readonly [Name in keyof Required<T>]: Shape }

export function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

/** What fits a predicate; messages name only the kind of a value that does not. */
export const like = (expected: string, fits: Shape['fits']): Shape => ({
  expected,
  fits,
})

/** What fits a predicate, and is no secret: messages show the number or the word that does not. */
export const plain = (expected: string, fits: Shape['fits']): Shape => ({
  expected,
  fits,
  plain: true,
})

export const required = (shape: Shape): Shape => ({ ...shape, required: true })

export const text = (expected = 'a text'): Shape => like(expected, isText)

export const callable: Shape = { expected: 'a function', fits: (value) => typeof value === 'function' }

export const flag: Shape = {
  expected: 'true or false',
  fits: (value) => value === true || value === false,
  plain: true,
}

export const date: Shape = {
  expected: 'a date',
  fits: (value) => value instanceof Date && !Number.isNaN(value.getTime()),
}

export const standardSchema = like(
  'a Standard Schema, such as one of zod, valibot or arktype',
  (value) => typeof Object(value)['~standard']?.validate === 'function',
)

/** A name that becomes part of keys. */
export const keyPart = (most: number): Shape =>
  plain(
    `1 to ${most} letters, digits, '.', '_' or '-'`,
    (value) => typeof value === 'string' && value.length <= most && /^[A-Za-z0-9][\w.-]*$/.test(value),
  )

export const count = (least = 1, most?: number): Shape =>
  plain(
    `a whole number ${most === undefined ? 'of at least' : 'from'} ${least}${most === undefined ? '' : ` to ${most}`}`,
    (value) =>
      typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= (most ?? value),
  )

/** @param least in milliseconds */
export const duration = (example: string, least = 0): Shape =>
  plain(
    `a duration such as '${example}'${least > 0 ? `, of at least ${least} ms` : ''}`,
    (value) => isDuration(value) && milliseconds(value) >= least,
  )

export const rate = plain(
  "a rate such as '10/s', '100/m' or '5/h'",
  // `spacing` answers any other text with no number.
  (value) => typeof value === 'string' && Number.isFinite(spacing(value as Rate)),
)

/** `'a', 'b' or 'c'` */
export function choice(...words: readonly string[]): Shape {
  const listed = words.map((word) => `'${word}'`).join(', ')
  // What is no text is none of the words.
  return plain(listed.replace(/, ([^,]*)$/, ' or $1'), (value) => words.includes(value as string))
}

/** @param least items */
export const list = (items: Shape, expected = 'a list', least = 0): Shape => ({
  expected,
  fits: (value) => Array.isArray(value) && value.length >= least,
  items: required(items),
})

export const record = (fields: Shapes): Shape => ({
  expected: 'an object',
  fits: isRecord,
  fields,
})

/** An argument that is an object, whose fields messages name without it. */
export const bare = (fields: Shapes): Shape => ({ ...record(fields), bare: true })

/** Options that no caller spreads into others: {@link check} refuses what they do not know, with the nearest name. */
export const closed = (fields: Shapes): Shape => ({ ...bare(fields), closed: true })

/** A text instead of a record, as a shorter way to say the same. */
export const textOr = (expected: string, fields: Shapes): Shape => ({
  expected,
  fits: (value) => isText(value) || isRecord(value),
  fields,
})

/** A port, known by one of its methods. */
export const port = (method: string, expected: string): Shape =>
  like(expected, (value) => typeof Object(value)[method] === 'function')

/**
 * Checks arguments by their names, and throws one error with all problems.
 *
 * @param more the advice that needs more than one field; it must stand any arguments
 * @throws ConfigurationError
 * @example
 * const PAGER = { options: bare({ token: required(text('the secret of the pager')), limits: record({ rate: count() }) }) }
 * const pager = (options: { readonly token: string; readonly limits?: { readonly rate?: number } }) => {
 *   check('pager', PAGER, { options })
 *   return { token: options.token, rate: options.limits?.rate ?? 5 }
 * }
 */
export function check<Names extends string>(
  subject: string,
  shapes: Readonly<Record<Names, Shape>>,
  args: Readonly<Record<Names, unknown>>,
  more: () => readonly string[] = () => [],
): void {
  refuse(subject, [...problemsOf(bare(shapes), args), ...misspeltIn(shapes, args), ...more()])
}

function misspeltIn(shapes: Shapes, args: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(shapes).flatMap(([name, shape]) => {
    if (shape.closed) return unknownProblems(shape, args[name])
    return shape.fields === undefined ? [] : misspeltIn(shape.fields, Object(args[name]))
  })
}

/** The problems of one value: `'retry.attempts' is 0: expected a whole number of at least 1`. */
export function problemsOf(shape: Shape, value: unknown, path = ''): string[] {
  const { expected, fits, required, items, fields, bare } = shape
  const fit = value === undefined ? bare || !required : fits(value)
  const problems = fit ? [] : [`'${path}' is ${given(value, shape.plain)}: expected ${expected}`]
  // What is required of options is missing, too, where something else is given instead of them.
  if (fields && (bare || (fit && value !== undefined && typeof value !== 'string')))
    for (const [name, field] of Object.entries(fields))
      problems.push(...problemsOf(field, Object(value)[name], bare ? name : `${path}.${name}`))
  if (items && Array.isArray(value))
    value.forEach((item, index) => void problems.push(...problemsOf(items, item, `${path}[${index}]`)))
  return problems
}

/**
 * The problems of fields that nobody knows, at any depth: a name that is misspelt would be an option that is silently left out. For options
 * that no caller spreads into others.
 */
export function unknownProblems({ fields, items }: Shape, value: unknown, path = ''): string[] {
  if (items !== undefined && Array.isArray(value))
    return value.flatMap((item, n) => unknownProblems(items, item, `${path}[${n}]`))
  // A record without fields has names of its own.
  if (fields === undefined || Object.keys(fields).length === 0 || !isRecord(value)) return []
  return Object.entries(Object(value)).flatMap(([name, inner]) => {
    const at = path === '' ? name : `${path}.${name}`
    const known = fields[name]
    if (known !== undefined) return unknownProblems(known, inner, at)
    if (inner === undefined) return []
    const nearest = nearestName(name, Object.keys(fields))
    const expected = nearest === undefined ? `one of ${Object.keys(fields).join(', ')}` : `'${nearest}'`
    return [`'${at}' is no option: expected ${expected}`]
  })
}

/** A value in a message: its kind, and if it is `plain` itself. */
export function given(value: unknown, plain = false): string {
  const kind = typeof value
  if (value === undefined) return 'missing'
  if (value === '') return 'empty'
  if (Array.isArray(value)) return value.length > 0 ? 'a list' : 'empty'
  if (value === null || (plain && kind !== 'object' && kind !== 'function'))
    return kind === 'string' ? `'${value}'` : String(value)
  return kind === 'object' ? 'an object' : `a ${kind === 'string' ? 'text' : kind}`
}

/** What is declared, for messages: `entity 'client'`. */
export function called(kind: string, name: unknown): string {
  return isText(name) ? `${kind} '${name}'` : kind
}
