/**
 * What a shard takes and gives in a second, as on AWS. A use lasts for a second, one of more bytes than a second's worth for as long as
 * these bytes would have taken: after 10 MiB a shard is read again five seconds later.
 */

const MIB = 1024 * 1024
const SECOND = 1_000
const READ = { uses: 5, bytes: 2 * MIB }
const WRITTEN = { uses: 1_000, bytes: MIB }

interface Use {
  bytes: number
  /** Milliseconds since 1970. */
  until: number
}

export interface ShardLimits {
  /** Takes note of a read that begins, and of its bytes once they are known; nothing if the shard is at its limit. */
  read(stream: string, shard: string): ((bytes: number) => void) | undefined
  /** Takes note of a record that is written; false if the shard is at its limit. */
  write(stream: string, shard: string, bytes: number): boolean
  /** As if no shard had been used. */
  clear(): void
}

/** @param now milliseconds since 1970 */
export function shardLimits(now: () => number): ShardLimits {
  const reads = new Map<string, Use[]>()
  const writes = new Map<string, Use[]>()

  const usesOf = (all: Map<string, Use[]>, stream: string, shard: string) => {
    const at = now()
    const key = `${stream}/${shard}`
    const uses = (all.get(key) ?? []).filter(({ until }) => until > at)
    all.set(key, uses)
    return uses
  }

  return {
    read: (stream, shard) => {
      const uses = usesOf(reads, stream, shard)
      if (uses.length >= READ.uses || sumOf(uses) >= READ.bytes) return undefined
      const begun = now()
      const use: Use = { bytes: 0, until: begun + SECOND }
      uses.push(use)
      return (bytes) => {
        use.bytes = bytes
        use.until = begun + lasting(bytes, READ.bytes)
      }
    },
    write: (stream, shard, bytes) => {
      const uses = usesOf(writes, stream, shard)
      const used = sumOf(uses)
      // A record of more than a second's worth is taken by a shard that has rested.
      if (uses.length >= WRITTEN.uses || (used > 0 && used + bytes > WRITTEN.bytes)) return false
      uses.push({ bytes, until: now() + lasting(bytes, WRITTEN.bytes) })
      return true
    },
    clear: () => {
      reads.clear()
      writes.clear()
    },
  }
}

function lasting(bytes: number, inSecond: number): number {
  return Math.max(SECOND, Math.ceil((bytes / inSecond) * SECOND))
}

function sumOf(uses: readonly Use[]): number {
  return uses.reduce((sum, { bytes }) => sum + bytes, 0)
}
