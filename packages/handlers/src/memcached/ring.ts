/**
 * Owns which node a key belongs to: the nodes stand on a ring, each at many points, and a key belongs to the node of the next point. A node
 * that comes or goes moves the keys of its own points only, and every process with the same names gives a key to the same node.
 */

/** Points of a node, so many that no node of ten has less than half or more than one and a half of its share. */
const DIGESTS = 20
const POINTS_OF_DIGEST = 8

/** @returns the name that a key belongs to; undefined if there is none */
export function ringOf(names: readonly string[]): (key: string) => string | undefined {
  const points = names
    .flatMap((name) =>
      Array.from({ length: DIGESTS }, (_, n) => digestOf(`${name}-${n}`)).flatMap((digest) =>
        Array.from({ length: POINTS_OF_DIGEST }, (_, n) => ({ at: digest.readUInt32BE(4 * n), name })),
      ),
    )
    // Two nodes at one point stand in the same order for everybody.
    .sort((a, b) => a.at - b.at || (a.name < b.name ? -1 : 1))

  return (key) => {
    const at = digestOf(key).readUInt32BE(0)
    let [low, high] = [0, points.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((points[middle]?.at ?? 0) < at) low = middle + 1
      else high = middle
    }
    return points[low % points.length]?.name
  }
}

function digestOf(text: string): Buffer {
  // Asked for when there is a ring: a function that asks no Memcached starts without it.
  return process.getBuiltinModule('node:crypto').createHash('sha256').update(text).digest()
}
