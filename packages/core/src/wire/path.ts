/**
 * Owns the paths that messages show. The names of the first level are columns and fields that somebody has thought of. Further down
 * an object may be keyed by data, such as a customer's address, and no message holds data: a name is shown only where it is declared.
 */

import { cut } from '../foreign.ts'

/** A name may be as long as its record; who reads the message knows it by less. */
const LONGEST = 200

/**
 * @param path names and indexes
 * @param declared names that may be shown wherever they stand
 * @example
 * pathOf(['prices', 4, 'zoe@example.test'], new Set()) // 'prices[4].*'
 */
export function pathOf(path: readonly (string | number)[], declared?: ReadonlySet<string>): string {
  let shown = ''
  for (const [n, part] of path.entries()) {
    if (typeof part === 'number') shown += `[${part}]`
    else if (n === 0) shown += part
    else shown += declared?.has(part) ? `.${part}` : '.*'
    if (shown.length > LONGEST) return `${cut(shown, LONGEST)}…`
  }
  return shown
}
