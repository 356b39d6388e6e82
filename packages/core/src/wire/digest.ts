/**
 * Digests. `node:crypto` takes a quarter of the time that a function of one plain route needs to load, and no plain route needs it: it is
 * asked for when a digest is made.
 */

/** The SHA-256 of a text or of bytes. With half of a surrogate pair in it a text would be another one in UTF-8, and is not in UTF-16. */
export function sha256(text: string | Uint8Array, encoding: 'hex' | 'base64url' = 'base64url'): string {
  // Bytes have no such method, and take no notice of a form.
  const given = text as string
  return digester('sha256')
    .update(given, given.isWellFormed?.() === false ? 'utf16le' : 'utf8')
    .digest(encoding)
}

/** The MD5 of a text or of bytes, by which Kinesis places partition keys. */
export function md5(bytes: string | Uint8Array): Buffer {
  return digester('md5').update(bytes).digest()
}

function digester(name: string) {
  return process.getBuiltinModule('node:crypto').createHash(name)
}
