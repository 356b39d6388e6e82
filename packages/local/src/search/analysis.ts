/**
 * Text as words, as the standard analyzer makes them: Unicode word boundaries (UAX #29), lower-case, each ideograph and
 * kana on its own.
 */

const segmenter = new Intl.Segmenter('und', { granularity: 'word' })
const IDEOGRAPHS = /[\p{Script=Han}\p{Script=Hiragana}]/u

export function words(text: string): readonly string[] {
  const found: string[] = []
  for (const { segment, isWordLike } of segmenter.segment(text)) {
    if (!isWordLike) continue
    const word = segment.toLowerCase()
    if (IDEOGRAPHS.test(word)) found.push(...word)
    else found.push(word)
  }
  return found
}

/** FTS5 is given words that are already separated: everything that can stand inside one is a token character. */
export const TOKENIZER = `ascii tokenchars '''.,:;_'`

/** Stands between the values of a field, so that no phrase reaches from one into the next. It is never a word. */
const GAP = '\u{f8ff}'

export function passage(values: readonly string[]): string {
  return values.map((value) => words(value).join(' ')).join(` ${GAP} `)
}

/** An FTS5 expression that finds the passages with any or all of the words; nothing if there are no words. */
export function wordQuery(
  found: readonly string[],
  how: 'any' | 'all' | 'phrase' | 'prefix',
): string | undefined {
  if (found.length === 0) return undefined
  if (how === 'phrase') return `"${found.join(' ')}"`
  if (how === 'prefix') return `"${found.join(' ')}" *`
  return [...new Set(found)].map((word) => `"${word}"`).join(how === 'any' ? ' OR ' : ' AND ')
}
