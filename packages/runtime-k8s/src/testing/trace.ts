/** Owns what is remembered of each shard, for those who look for the cause of a violation. */

export interface Trace {
  note(shard: string, at: number, who: string, what: string): void
  /** The last lines of a shard and of the whole fleet, oldest first. */
  lines(shard: string | undefined): readonly string[]
}

interface Line {
  readonly at: number
  readonly order: number
  readonly shard: string
  readonly who: string
  readonly what: string
}

/** Lines of a shard that are kept. */
const KEPT = 40

/** The place of what concerns no shard. */
export const FLEET = ''

export function createTrace(): Trace {
  const shards = new Map<string, Line[]>()
  let order = 0
  return {
    note: (shard, at, who, what) => {
      const lines = shards.get(shard) ?? []
      if (lines.length === 0) shards.set(shard, lines)
      lines.push({ at, order: order++, shard, who, what })
      if (lines.length > 2 * KEPT) lines.splice(0, KEPT)
    },
    lines: (shard) => {
      const own = shard === undefined || shard === FLEET ? [] : (shards.get(shard) ?? [])
      return [...own.slice(-KEPT), ...(shards.get(FLEET) ?? []).slice(-KEPT)]
        .sort((a, b) => a.order - b.order)
        .map(({ at, shard: where, who, what }) =>
          [
            `${(at / 1_000).toFixed(3)} s`,
            who,
            where === FLEET ? '' : where.replace(/0{4,}/, '…'),
            what,
          ].join('  '),
        )
    },
  }
}
