import type { Reply } from './serve.ts'

/**
 * A reply with a JSON body.
 *
 * @example
 * json(404, { error: 'not found' })
 */
export function json(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): Reply {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(value) }
}
