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

/** Far beyond what any of the services takes, and far from where reading it would use up the stack. */
const DEEPEST = 1_000

/**
 * A JSON text from outside.
 *
 * @throws SyntaxError if it is none, or nests more than 1,000 levels deep
 */
export function parsed(text: string): unknown {
  if (nesting(text) > DEEPEST) throw new SyntaxError(`the JSON nests more than ${DEEPEST} levels deep`)
  return JSON.parse(text)
}

/** How deep a text nests if it is JSON: what stands in strings does not count. */
function nesting(text: string): number {
  let depth = 0
  let deepest = 0
  let inString = false
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at]
    if (inString && character === '\\') at += 1
    else if (character === '"') inString = !inString
    else if (inString) continue
    else if (character === '[' || character === '{') deepest = Math.max(deepest, ++depth)
    else if (character === ']' || character === '}') depth -= 1
  }
  return deepest
}
