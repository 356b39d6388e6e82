/**
 * Owns envelopes that came as the base64 of their JSON, with or without quotes: a service that puts a text where an API has bytes may
 * encode it once more.
 */

/** An envelope has at most 1,024 bytes: whatever is longer is something else. */
const LONGEST = 2_048

/** `{"` begins with these, whatever comes behind it. */
const FORM = /^\s*"?(eyJ[A-Za-z0-9+/]*={0,2})"?\s*$/

/** The text that the bytes are the base64 of, if it may be an envelope's. */
export function unwrapped(bytes: Buffer): Buffer | undefined {
  // JSON of an object, as nearly all records are.
  if (bytes[0] === 0x7b || bytes.length > LONGEST) return undefined
  const [, text] = FORM.exec(bytes.toString('latin1')) ?? []
  return text === undefined ? undefined : Buffer.from(text, 'base64')
}
