/**
 * `*` in names and paths stands for any characters. What stands between two stars is looked for from left to right and never again,
 * so a pattern costs as much as it is long.
 */

/** True if the pattern stands for the whole text, or for its beginning up to a place that is followed by `ends`. */
export function matches(pattern: string, text: string, ends: '.' | undefined = undefined): boolean {
  const [first = '', ...others] = pattern.split('*')
  if (!text.startsWith(first)) return false
  const last = others.pop()
  if (last === undefined) return isEnd(text, first.length, ends)
  let at = first.length
  for (const piece of others) {
    const found = text.indexOf(piece, at)
    if (found === -1) return false
    at = found + piece.length
  }
  if (text.length - last.length >= at && text.endsWith(last)) return true
  if (ends === undefined) return false
  return text.indexOf(`${last}${ends}`, at) !== -1
}

function isEnd(text: string, at: number, ends: '.' | undefined): boolean {
  return text.length === at || (ends !== undefined && text[at] === ends)
}
