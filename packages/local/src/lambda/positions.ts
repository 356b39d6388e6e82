/**
 * Where mappings stand, kept for the next mapping of the same function on the same stream.
 *
 * | kept of a shard | read on                                                              |
 * |-----------------|----------------------------------------------------------------------|
 * | `after`         | behind this sequence number: everything up to it is dealt with       |
 * | `at`            | from this time, when the mapping began at LATEST and saw no record   |
 * | `finished`      | not at all: it was read to its end, or closed before a first LATEST  |
 * | none of them    | from its oldest record                                               |
 */
import type { Shelf } from '../data/index.ts'
import type { ShardNode } from './lineage.ts'

export interface Position {
  readonly after?: string
  /** Milliseconds since 1970. */
  readonly at?: number
  readonly finished?: boolean
}

export interface Positions {
  of(shard: ShardNode): Position | undefined
  set(shard: ShardNode, position: Position): void
}

export function positionsOn(shelf: Shelf, functionName: string, stream: string): Positions {
  // No stream has a space in its name.
  const nameOf = ({ id }: ShardNode) => `${stream} ${id} ${functionName}`
  const known = new Map(
    shelf.all().flatMap(([name, kept]) => {
      const isOurs = name.startsWith(`${stream} `) && name.split(' ').slice(2).join(' ') === functionName
      // Safe: nothing but what `set` makes lies on this shelf.
      return isOurs ? [[name, kept as Position & { readonly start: string }] as const] : []
    }),
  )
  return {
    of(shard) {
      const kept = known.get(nameOf(shard))
      // Of a stream that was deleted, and made again under its name, nothing is known.
      return kept?.start === shard.start ? kept : undefined
    },
    set(shard, position) {
      const kept = { ...position, start: shard.start }
      known.set(nameOf(shard), kept)
      shelf.set(nameOf(shard), kept)
    },
  }
}
