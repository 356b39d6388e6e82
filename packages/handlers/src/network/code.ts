/** Owns the reading of Node's codes from a request that got no answer, whatever a client has made of its error. */

/** Clients wrap errors a few times; a circle of causes ends here. */
const MOST_CAUSES = 8

/**
 * The code of the error that is behind all others: a broken HTTP/2 stream has a code of its own, and its cause the one that says why.
 * Some clients keep nothing but the message, in which a host that is not known stands in words of Node's own.
 *
 * @returns undefined if there is none: Node's codes are in capitals, and one in small letters is none of the network
 * @example
 * networkCode(new TypeError('fetch failed', { cause: { code: 'ENOTFOUND' } })) // 'ENOTFOUND'
 */
export function networkCode(error: unknown): string | undefined {
  let found: string | undefined
  let inner = error
  for (let n = 0; n < MOST_CAUSES && inner !== undefined && inner !== null; n += 1) {
    const { code, message, cause } = Object(inner)
    if (typeof code === 'string' && /^[A-Z][A-Z0-9_]*$/.test(code)) found = code
    else if (/^getaddrinfo ENOTFOUND\b/.test(String(message))) found ??= 'ENOTFOUND'
    inner = cause
  }
  return found
}
