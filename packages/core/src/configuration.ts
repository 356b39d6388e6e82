/**
 * Owns what is asked of options before they are used: for callers without types, each answer is a problem for `refuse`. It is
 * asked where something is declared or made, never for a record. No message shows a value that could be a secret.
 */

import { type Duration, isDuration, milliseconds } from './duration.ts'

/**
 * The options in `value`, to be read and checked one by one. What is no object has none, which is one problem more; what is
 * left out has none either.
 *
 * @example
 * const pager = (options: { readonly token: string; readonly limits?: { readonly rate?: number } }) => {
 *   const problems: string[] = []
 *   const { token, limits } = optionsOf(options, problems)
 *   const { rate = 5 } = optionsOf(limits, problems, "'limits'")
 *   refuse('pager', [...problems, ...(token ? [] : ["'token' is missing: is the secret set?"])])
 *   return { token, rate }
 * }
 */
export function optionsOf<T extends object>(
  value: T | undefined,
  problems: string[],
  what = 'the options',
): T {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  if (value !== undefined) problems.push(`${what} must be an object`)
  // What is required of them is missing now, and whoever asked refuses that.
  return {} as T
}

/** The problems of functions by their options' names. */
export function functionProblems(functions: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(functions)
    .filter(([, value]) => typeof value !== 'function')
    .map(([name]) => `'${name}' must be a function`)
}

/**
 * The problems of options that may be left out and are called: functions (`''`), and ports by the name of a method.
 *
 * @example
 * callableProblems({ clock: Date, random: 4 }, { clock: 'now', random: '' }) // ["'random' must be a function"]
 */
export function callableProblems(options: object, methods: Readonly<Record<string, string>>): string[] {
  return Object.entries(methods).flatMap(([name, method]) => {
    const value: unknown = Object(options)[name]
    if (value === undefined) return []
    return functionProblems(method ? { [`${name}.${method}`]: Object(value)[method] } : { [name]: value })
  })
}

/** The problems of a list of functions, which may be left out. */
export function functionsProblems(name: string, list: unknown = []): string[] {
  if (!Array.isArray(list)) return [`'${name}' must be a list of functions`]
  return list.flatMap((item, index) => functionProblems({ [`${name}.${index}`]: item }))
}

export function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

/** The problem with a name that becomes part of keys. */
export function keyProblems(what: string, value: unknown, most: number): string[] {
  if (typeof value === 'string' && value.length <= most && /^[A-Za-z0-9][\w.-]*$/.test(value)) return []
  return [`${what} must be 1 to ${most} letters, digits, '.', '_' or '-': it becomes part of keys`]
}

/** The problem with the name of what is declared. */
export function nameProblems(name: unknown): string[] {
  return isName(name) ? [] : ['it needs a name']
}

/**
 * A wrong value as messages show it: of what is no plain value only its kind, since the source of a function or the items of a
 * list may hold anything, and some objects cannot be written as text.
 */
export function shown(value: unknown): string {
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object'
  return typeof value === 'function' ? 'a function' : String(value)
}

/** The problem with a value that is none of the known ones, which would silently be nothing. */
export function choiceProblems(what: string, value: string | undefined, known: readonly string[]): string[] {
  if (value === undefined || known.includes(value)) return []
  const listed = known.map((item) => `'${item}'`).join(', ')
  return [`${what} '${shown(value)}' is none: give ${listed.replace(/, ([^,]*)$/, ' or $1')}`]
}

/** The problems of durations by their options' names. One that is left out has none. @param least in milliseconds */
export function durationProblems(
  durations: Readonly<Record<string, Duration | undefined>>,
  example: string,
  least = 0,
): string[] {
  return Object.entries(durations)
    .filter(([, value]) => value !== undefined && !(isDuration(value) && milliseconds(value) >= least))
    .map(([name, value]) => `'${name}' is '${shown(value)}': give a duration such as '${example}'`)
}

/** The problems of counts by their options' names. One that is left out has none. */
export function countProblems(counts: Readonly<Record<string, number | undefined>>): string[] {
  return Object.entries(counts)
    .filter(([, value]) => value !== undefined && !(Number.isInteger(value) && value >= 1))
    .map(([name, value]) => `'${name}' is ${shown(value)}: give a whole number of at least 1`)
}
