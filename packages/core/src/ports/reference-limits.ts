/** Owns what no ReferenceStore takes, though one or the other could hold it: what works with one works with all. */

import { Permanent } from '../verdicts.ts'

/** In bytes of UTF-8. A value has room in an item of DynamoDB, beside its key. */
export const REFERENCE_LIMITS = { key: 1_024, value: 350_000 }

/** @throws Permanent for a key that some store does not hold, or takes for another one */
export function checkReferenceKey(key: string): void {
  const bytes = Buffer.byteLength(key)
  const expected = `expected at most ${REFERENCE_LIMITS.key} bytes of UTF-8`
  if (bytes > REFERENCE_LIMITS.key)
    throw new Permanent(`the key of a reference has ${bytes} bytes: ${expected}`)
  // In UTF-8 each of them is the same character.
  if (!key.isWellFormed())
    throw new Permanent(`the key of a reference holds half of a surrogate pair: ${expected}`)
}

/** @param ttl milliseconds @throws Permanent also for a value that would come back as another one, and a time that has no end */
export function checkReference(key: string, value: string, ttl: number): void {
  checkReferenceKey(key)
  const bytes = Buffer.byteLength(value)
  const expected = `expected at most ${REFERENCE_LIMITS.value} bytes of UTF-8`
  if (bytes > REFERENCE_LIMITS.value)
    throw new Permanent(`the value of a reference has ${bytes} bytes: ${expected}`)
  if (!value.isWellFormed())
    throw new Permanent(`the value of a reference holds half of a surrogate pair: ${expected}`)
  if (!Number.isFinite(ttl))
    throw new Permanent(`the time to live of a reference is ${ttl}: expected milliseconds`)
}
