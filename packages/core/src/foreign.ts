/**
 * Owns the reading of foreign values: what users' code throws, returns or hands over. A getter may throw, a proxy may be revoked, a
 * message may be no text. Every function here answers all the same and never throws, except where its comment says so.
 */

/** Characters of a foreign text that logs and dead letters show. */
const MOST = 1_000

/** The beginning of a text, never with half a character: strict readers refuse the lone surrogate that would be left. */
export function cut(text: string, most: number): string {
  return text.length <= most ? text : text.slice(0, most).replace(/[\uD800-\uDBFF]$/, '')
}

/** A field of a value of any kind; undefined if the value has no such field, or reading the field throws. */
export function fieldOf(value: unknown, name: string): unknown {
  if (Object(value) !== value) return undefined
  try {
    // An object or function, by the line above.
    return (value as Readonly<Record<string, unknown>>)[name]
  } catch {
    return undefined
  }
}

/** A field that holds a text, cut to what a log line takes; undefined if the field holds anything else. */
export function textIn(value: unknown, name: string): string | undefined {
  const text = fieldOf(value, name)
  return typeof text === 'string' ? cut(text, MOST) : undefined
}

/** An error in words, for logs and dead letters: name, code and message, or a text that was thrown. A handler decides what its messages hold. */
export function describe(error: unknown): string {
  if (typeof error === 'string') return cut(error, MOST)
  if (!isError(error)) return `threw ${kindOf(error)}, not an Error`
  const code = textIn(error, 'code')
  const message =
    textIn(error, 'message') ?? `(its message is no text but ${kindOf(fieldOf(error, 'message'))})`
  const name = textIn(error, 'name') ?? 'Error'
  return cut(`${name}${code === undefined ? '' : ` [${code}]`}: ${message}`, MOST)
}

/** What a value is, for messages, which never show the value itself: `an object`, `a string`, `null`. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

export function isError(value: unknown): value is Error {
  try {
    return value instanceof Error
  } catch {
    return false
  }
}

/** Whether a value is an object with fields: no list, and not null. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Whether `await` would wait for the value. @throws what a getter of `then` throws, as `await` does */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return false
  return typeof (value as { readonly then?: unknown }).then === 'function' // an object or function, by the line above
}

/**
 * A promise of Node's own for whatever users' code returned. A promise with methods of its own, or a thenable (a query builder runs its
 * query at each `then`), is asked once, through `await`, which takes no foreign method for granted.
 *
 * @throws what a hostile `constructor` throws
 */
export function promiseOf(value: PromiseLike<unknown>): Promise<unknown> {
  if (value instanceof Promise && value.constructor === Promise && !Object.hasOwn(value, 'then')) return value
  return awaited(value)
}

async function awaited(value: PromiseLike<unknown>): Promise<unknown> {
  return await value
}

/** Makes sure that a rejection which nobody waits for does not end the process. */
export function ignoreRejection(value: unknown): void {
  try {
    // What it rejects with may be another one.
    if (isThenable(value)) promiseOf(value).then(nothing, ignoreRejection)
  } catch {
    // A value whose `then` cannot be read rejects nothing.
  }
}

function nothing(): void {}
