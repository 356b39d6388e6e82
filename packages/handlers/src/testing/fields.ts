/**
 * Owns the values of the search in memory, as OpenSearch maps them by itself.
 *
 * | JSON                          | is                | compares                                   |
 * |-------------------------------|-------------------|--------------------------------------------|
 * | a text that is an ISO date    | a date            | as an instant                              |
 * | another text                  | a text            | by its words                               |
 * | the same under `.keyword`     | a keyword         | as it is                                   |
 * | a number, a boolean           | itself            | as itself, also with its text              |
 * | a list                        | several values    | if one of them does                        |
 */

export type Value =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'keyword'; readonly text: string }
  | { readonly kind: 'date'; readonly at: number }
  | { readonly kind: 'number'; readonly number: number }
  | { readonly kind: 'boolean'; readonly flag: boolean }

export interface Range {
  readonly gt?: unknown
  readonly gte?: unknown
  readonly lt?: unknown
  readonly lte?: unknown
}

const KEYWORD = '.keyword'

/** The values of a field; a dot leads into an object. */
export function valuesAt(document: unknown, path: string): readonly Value[] {
  const found = leaves(document, path).flatMap(readLeaf)
  if (found.length > 0 || !path.endsWith(KEYWORD)) return found
  return leaves(document, path.slice(0, -KEYWORD.length)).flatMap((leaf) =>
    typeof leaf === 'string' && dateAt(leaf) === undefined ? [{ kind: 'keyword', text: leaf }] : [],
  )
}

function leaves(value: unknown, path: string): readonly unknown[] {
  if (Array.isArray(value)) return value.flatMap((item) => leaves(item, path))
  if (typeof value !== 'object' || value === null) return path === '' && value !== null ? [value] : []
  if (path === '') return Object.values(value).flatMap((inner) => leaves(inner, ''))
  return Object.entries(value).flatMap(([name, inner]) => {
    if (name === path) return leaves(inner, '')
    return path.startsWith(`${name}.`) ? leaves(inner, path.slice(name.length + 1)) : []
  })
}

function readLeaf(leaf: unknown): Value[] {
  if (typeof leaf === 'number') return [{ kind: 'number', number: leaf }]
  if (typeof leaf === 'bigint') return [{ kind: 'number', number: Number(leaf) }]
  if (typeof leaf === 'boolean') return [{ kind: 'boolean', flag: leaf }]
  const text = String(leaf)
  const at = dateAt(text)
  return [at === undefined ? { kind: 'text', text } : { kind: 'date', at }]
}

/** Whether a value is what `term` looks for: a text is, if that is one of its words. */
export function whetherIs(value: Value, wanted: unknown): boolean {
  switch (value.kind) {
    case 'text':
      return wordsOf(value.text).includes(String(wanted))
    case 'keyword':
      return value.text === String(wanted)
    case 'number':
      return String(wanted).trim() !== '' && value.number === Number(wanted)
    case 'boolean':
      return String(value.flag) === String(wanted)
    case 'date': {
      const instants = instantsOf(wanted)
      return instants !== undefined && instants.first <= value.at && value.at <= instants.last
    }
  }
}

export function matchesWords(text: string, query: unknown, how: 'or' | 'and'): boolean {
  const there = new Set(wordsOf(text))
  const wanted = wordsOf(String(query))
  if (wanted.length === 0) return false
  return how === 'or' ? wanted.some((word) => there.has(word)) : wanted.every((word) => there.has(word))
}

export function isWithin(value: Value, { gt, gte, lt, lte }: Range): boolean {
  const holds = (bound: unknown, end: 'first' | 'last', test: (order: number) => boolean) =>
    bound === undefined || bound === null || test(order(value, bound, end))
  return (
    holds(gt, 'last', (order) => order > 0) &&
    holds(gte, 'first', (order) => order >= 0) &&
    holds(lt, 'first', (order) => order < 0) &&
    holds(lte, 'last', (order) => order <= 0)
  )
}

/** Negative, zero or positive, as the value is lower, the same or higher; NaN if they do not compare. */
function order(value: Value, bound: unknown, end: 'first' | 'last'): number {
  switch (value.kind) {
    case 'number':
      return value.number - Number(bound)
    case 'date':
      return value.at - (instantsOf(bound)?.[end] ?? Number.NaN)
    case 'keyword': {
      const other = String(bound)
      return value.text < other ? -1 : value.text > other ? 1 : 0
    }
    default:
      return Number.NaN
  }
}

const DATE = /^\d{4}-\d{2}(-\d{2}(T(\d{2}(?::\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?)?)(Z|[+-]\d{2}:?\d{2})?)?)?$/

/** Milliseconds since 1970, if a text is an ISO date; a time without a zone is UTC. */
function dateAt(text: string): number | undefined {
  const [, , , time, zone] = DATE.exec(text) ?? []
  if (!DATE.test(text)) return undefined
  const day = text.slice(0, 10)
  const full = time === undefined ? day : `${day}T${time.length === 2 ? `${time}:00` : time}`
  const at = Date.parse(time === undefined ? full : `${full.replace(',', '.')}${zone ?? 'Z'}`)
  return Number.isNaN(at) ? undefined : at
}

const UNITS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  H: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}

/** The first and the last millisecond that a bound stands for: a date without a time is a whole day. */
function instantsOf(bound: unknown): { readonly first: number; readonly last: number } | undefined {
  if (typeof bound === 'number') return { first: bound, last: bound }
  const text = String(bound)
  if (/^now([+-]\d+[smhHdw])*$/.test(text)) {
    const steps = [...text.matchAll(/([+-]\d+)([smhHdw])/g)]
    const at = steps.reduce(
      (sum, [, amount, unit]) => sum + Number(amount) * (UNITS[unit ?? ''] ?? 0),
      Date.now(),
    )
    return { first: at, last: at }
  }
  const first = dateAt(text)
  if (first === undefined) return undefined
  const time = DATE.exec(text)?.[3]
  const length = time === undefined ? 86_400_000 : ({ 2: 3_600_000, 5: 60_000, 8: 1_000 }[time.length] ?? 1)
  return { first, last: first + length - 1 }
}

const segmenter = new Intl.Segmenter('und', { granularity: 'word' })

/** As the standard analyzer makes them: Unicode's words in lower case, each ideograph on its own. */
function wordsOf(text: string): string[] {
  return [...segmenter.segment(text)].flatMap(({ segment, isWordLike }) => {
    const word = segment.toLowerCase()
    if (!isWordLike) return []
    return /[\p{Script=Han}\p{Script=Hiragana}]/u.test(word) ? [...word] : [word]
  })
}
