/** Owns how a word is written that somebody copies into a shell. */

const PLAIN = /^[\w@%+=:,./-]+$/
/** There a backslash parts folders, and double quotes are the only ones that both of its shells know. */
const PLAIN_WINDOWS = /^[\w@%+=:,./\\-]+$/

export function quoted(word: string, windows: boolean): string {
  if (windows) return PLAIN_WINDOWS.test(word) ? word : `"${word}"`
  return PLAIN.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}
