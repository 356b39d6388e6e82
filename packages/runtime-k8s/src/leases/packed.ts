/**
 * Owns the form in which a long journal is kept. Each write of a lease costs what its whole row weighs, a renewal as well, and each look at the table reads it:
 * where a handler fails for every key that would be 200 KB. Positions have most of their digits in common.
 */

import { constants, deflateRawSync, inflateRawSync } from 'node:zlib'

/** Shorter ones stay as they are, for people to read. */
const LONG = 4_000

const MARK = 'deflate:'

/** No journal of ours is longer; a row may be anybody's. Bytes. */
const MOST = 1_000_000

/** A version that does not know the form takes it for no journal, and repeats work. */
export function packed(journal: string | undefined): string | undefined {
  if (journal === undefined || journal.length < LONG) return journal
  // The best level takes six times as long, for a tenth less.
  const bytes = deflateRawSync(journal, { level: constants.Z_BEST_SPEED })
  return `${MARK}${bytes.toString('base64')}`
}

/** @returns undefined for what cannot be read: work is repeated, never skipped */
export function unpacked(kept: string | undefined): string | undefined {
  if (kept?.startsWith(MARK) !== true) return kept
  try {
    const bytes = Buffer.from(kept.slice(MARK.length), 'base64')
    return inflateRawSync(bytes, { maxOutputLength: MOST }).toString()
  } catch {
    return undefined
  }
}
