/**
 * Owns errors of clients that keep in them what was sent: ioredis keeps the command, with a password or what a key holds. What is thrown
 * further shows none of that, in no cause.
 */

/** The error itself if it keeps nothing; else one with its name, code, message and cause. */
export function withoutArguments(error: unknown): unknown {
  const { name, message, code, command, lastNodeError, cause } = Object(error)
  if (command === undefined && lastNodeError === undefined) return error
  const inner = lastNodeError ?? cause
  const bare = new Error(String(message), inner === undefined ? {} : { cause: withoutArguments(inner) })
  return Object.assign(bare, { name: String(name) }, typeof code === 'string' ? { code } : {})
}
