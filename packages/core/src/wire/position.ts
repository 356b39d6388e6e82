/** Where a record stands on its shard. Sequence numbers are decimal strings of up to 129 digits: compare as numbers. */
export interface Position {
  readonly sequence: string
  /** The index of a record inside a KPL aggregate; 0 for plain records. */
  readonly subSequence: number
}

/** Negative if `a` comes first, 0 if they are equal. */
export function comparePositions(a: Position, b: Position): number {
  return compareSequences(a.sequence, b.sequence) || a.subSequence - b.subSequence
}

/** Decimal strings without leading zeros compare by length, then by digits: no BigInt on the hot path. */
export function compareSequences(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length
  return a < b ? -1 : a > b ? 1 : 0
}

export function formatPosition({ sequence, subSequence }: Position): string {
  return subSequence === 0 ? sequence : `${sequence}.${subSequence}`
}

export function parsePosition(text: string): Position {
  const [sequence = '', sub = '0'] = text.split('.')
  return { sequence, subSequence: Number(sub) }
}
