/** Owns the guess which name was meant by one that does not exist. */

/** The name that needs the fewest changes, if it is near enough to be a slip of the pen: a third of its characters at most. */
export function nearestName(name: string, names: readonly string[]): string | undefined {
  const [nearest] = names
    .map((known) => ({ known, changes: changesBetween(name.toLowerCase(), known.toLowerCase()) }))
    .filter(({ known, changes }) => known !== name && changes <= Math.max(2, Math.floor(known.length / 3)))
    .sort((a, b) => a.changes - b.changes)
  return nearest?.known
}

/** Characters to insert, remove, replace or swap with their neighbour (optimal string alignment); names are short. */
function changesBetween(a: string, b: string): number {
  let [before, above] = [[] as number[], Array.from({ length: b.length + 1 }, (_, column) => column)]
  for (let row = 1; row <= a.length; row += 1) {
    const line = [row]
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1] ? 0 : 1
      const [left = 0, over = 0, corner = 0] = [line[column - 1], above[column], above[column - 1]]
      const swapped =
        a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
          ? (before[column - 2] ?? Infinity) + 1
          : Infinity
      line.push(Math.min(left + 1, over + 1, corner + same, swapped))
    }
    ;[before, above] = [above, line]
  }
  return above[b.length] ?? 0
}
