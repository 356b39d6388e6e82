/**
 * Owns what no StateStore takes, though one or the other could hold it: what works with one works with all. The numbers are DynamoDB's,
 * which has the narrowest, less what an item needs beside its value.
 *
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
 */

import { Permanent } from '../verdicts.ts'
import { listedKey } from './state-store.ts'

/** In bytes of UTF-8; of a value, those of its JSON. */
export const STATE_LIMITS = { key: 2_048, member: 1_023, value: 407_000 }

/** @param key of an item, or the prefix of a list @throws Permanent for one that some store does not hold, or takes for another one */
export function checkStateKey(key: string): void {
  const given = refusalOf(key)
  if (given === undefined) return
  const { key: longest, member } = STATE_LIMITS
  const expected = `expected 1 to ${longest} bytes of UTF-8, at most ${member} of them behind '//'`
  throw new Permanent(`the key '${shown(key)}' of the state ${given}: ${expected}`)
}

/** @param json of the value @throws Permanent also for what is too large, and for an end that is no moment */
export function checkStateWrite(key: string, json: string, expiresAt: Date | undefined): void {
  checkStateKey(key)
  const bytes = Buffer.byteLength(json)
  const what = `the item '${shown(key)}' of the state`
  if (bytes > STATE_LIMITS.value)
    throw new Permanent(`${what} has ${bytes} bytes of JSON: expected at most ${STATE_LIMITS.value}`)
  if (expiresAt !== undefined && Number.isNaN(expiresAt.getTime()))
    throw new Permanent(`${what} expires at an invalid Date: expected a moment, or none`)
}

function refusalOf(key: string): string | undefined {
  const bytes = Buffer.byteLength(key)
  if (bytes === 0) return 'is empty'
  if (bytes > STATE_LIMITS.key) return `has ${bytes} bytes`
  const member = Buffer.byteLength(listedKey(key)?.member ?? '')
  if (member > STATE_LIMITS.member) return `has ${member} bytes behind '//'`
  // In UTF-8 each of them is the same character.
  return key.isWellFormed() ? undefined : 'holds half of a surrogate pair'
}

/** Whose it is and of which kind: what is behind that, users chose. */
function shown(key: string): string {
  const [application = '', kind = ''] = key.toWellFormed().split('/')
  return `${application.slice(0, 128)}/${kind.slice(0, 32)}/...`
}
