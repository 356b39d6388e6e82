/**
 * Digests. `node:crypto` takes a quarter of the time that a function of one plain route needs to load, and no plain route needs it: it is
 * asked for when a digest is made.
 */

/** The SHA-256 of a text or of bytes. */
export function sha256(text: string | Uint8Array, encoding: 'hex' | 'base64url' = 'base64url'): string {
  return process.getBuiltinModule('node:crypto').createHash('sha256').update(text).digest(encoding)
}

/** The MD5 of a text or of bytes, by which Kinesis places partition keys. */
export function md5(bytes: string | Uint8Array): Buffer {
  return process.getBuiltinModule('node:crypto').createHash('md5').update(bytes).digest()
}
