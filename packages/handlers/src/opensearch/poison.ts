/**
 * Owns the names that the official client takes for an attack on JavaScript's prototypes. It refuses a whole answer in which it finds one:
 * a document that has it hides all others that are found with it.
 *
 * | field                                                    | the client                                            |
 * |----------------------------------------------------------|-------------------------------------------------------|
 * | `__proto__`                                              | refuses it                                            |
 * | `constructor`, an object or a list that has `prototype`  | refuses it                                            |
 * | `constructor` that is null                               | fails while it looks for the `prototype` of it        |
 * | any other `constructor`                                  | reads it                                              |
 */

import { pathOf } from '@spaceship/core/adapter'

/** As `JSON.stringify` writes them. Most texts have none, and are told so for a tenth of a microsecond. */
const SUSPECT = /__proto__|"constructor":/

const NAMES: ReadonlySet<string> = new Set(['__proto__', 'constructor'])

/** @param text JSON as `JSON.stringify` writes it @returns the path of a field that the client refuses, as messages show it */
export function pathOfPoison(text: string): string | undefined {
  return SUSPECT.test(text) ? pathWithin(JSON.parse(text)) : undefined
}

/** @param declared further names that messages may show @returns likewise, of what came out of JSON */
export function pathWithin(value: unknown, declared: readonly string[] = []): string | undefined {
  const path: (string | number)[] = []
  return isPoisoned(value, path) ? pathOf(path, new Set([...NAMES, ...declared])) : undefined
}

/** @param path where the walk stands, and where it has ended if it has found one */
function isPoisoned(value: unknown, path: (string | number)[]): boolean {
  if (typeof value !== 'object' || value === null) return false
  const isList = Array.isArray(value)
  for (const [name, field] of Object.entries(value)) {
    path.push(isList ? Number(name) : name)
    if (name === '__proto__' || (name === 'constructor' && isRefused(field)) || isPoisoned(field, path))
      return true
    path.pop()
  }
  return false
}

function isRefused(field: unknown): boolean {
  return field === null || Object.hasOwn(Object(field), 'prototype')
}
