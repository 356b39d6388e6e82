/** Owns what no ReferenceStore takes, though one or the other could hold it: what works with one works with all. */

import { Permanent } from '../verdicts.ts'

/** In bytes of UTF-8. A value has room in an item of DynamoDB, beside its key. */
export const REFERENCE_LIMITS = { key: 1_024, value: 350_000 }

/** @throws Permanent for a key that some store does not hold, or takes for another one */
export function checkReferenceKey(key: string): void {
  checkText('key', key)
}

/** @param ttl milliseconds @throws Permanent also for a value that would come back as another one, and a time that has no end */
export function checkReference(key: string, value: string, ttl: number): void {
  checkText('key', key)
  checkText('value', value)
  if (!Number.isFinite(ttl))
    throw new Permanent(`the time to live of a reference is ${ttl}: expected milliseconds`)
}

function checkText(part: keyof typeof REFERENCE_LIMITS, text: string): void {
  const bytes = Buffer.byteLength(text)
  const most = REFERENCE_LIMITS[part]
  // In UTF-8 each half of a pair is the same character.
  const wrong =
    bytes > most ? `has ${bytes} bytes` : text.isWellFormed() ? undefined : 'holds half of a surrogate pair'
  if (wrong !== undefined)
    throw new Permanent(`the ${part} of a reference ${wrong}: expected at most ${most} bytes of UTF-8`)
}
