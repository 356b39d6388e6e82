/**
 * Owns the order of checkpoints, as KCL has it: AT_TIMESTAMP, TRIM_HORIZON, LATEST, sequence numbers as numbers, SHARD_END. Within one, the sub-sequence
 * number decides; every SHARD_END is equal.
 *
 * https://github.com/awslabs/amazon-kinesis-client, `ExtendedSequenceNumber.java`.
 */

/** Where reading starts or resumes: a sentinel of KCL's, or a sequence number. */
export interface Checkpoint {
  readonly sequence: string
  readonly subSequence: number
}

const SENTINELS: ReadonlyMap<string, bigint> = new Map([
  ['AT_TIMESTAMP', -3n],
  ['TRIM_HORIZON', -2n],
  ['LATEST', -1n],
])

/** Whether a text is a checkpoint at all; anybody may write a row. */
export function isCheckpoint(sequence: string): boolean {
  return sequence === 'SHARD_END' || SENTINELS.has(sequence) || /^\d+$/.test(sequence)
}

/** Negative if `a` comes first. Both have to be checkpoints. */
export function compareCheckpoints(a: Checkpoint, b: Checkpoint): number {
  const [endA, endB] = [a.sequence === 'SHARD_END', b.sequence === 'SHARD_END']
  if (endA || endB) return Number(endA) - Number(endB)
  const [placeA, placeB] = [placeOf(a.sequence), placeOf(b.sequence)]
  if (placeA !== placeB) return placeA < placeB ? -1 : 1
  return Math.sign(a.subSequence - b.subSequence)
}

function placeOf(sequence: string): bigint {
  return SENTINELS.get(sequence) ?? BigInt(sequence)
}
