/** Slack truncates beyond this many characters: https://docs.slack.dev/reference/methods/chat.postMessage */
const LONGEST = 40_000

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
])

/**
 * Text that shows as it is: a client who calls himself `<!channel>` pings nobody.
 * https://docs.slack.dev/messaging/formatting-message-text#escaping
 */
export function escapeText(text: string): string {
  return text.replace(/[&<>]/g, (character) => ESCAPES.get(character) ?? character)
}

const MARKED = Symbol.for('spaceship.mrkdwn')

/** Text in Slack's own markup, made by {@link mrkdwn}. */
export interface Mrkdwn {
  readonly [MARKED]: string
}

/** What a message says: a text shows as it is; markup is made by {@link mrkdwn}. */
export type SlackText = string | Mrkdwn

/**
 * Slack's markup with values in it that show as they are: a client who calls himself `<!channel>` pings nobody.
 *
 * @example
 * .on('welcome', joined, slack.notify({ channel: '#marketing', text: (e) => mrkdwn`*${e.after.name}* came on board` }))
 */
export function mrkdwn(parts: TemplateStringsArray, ...values: readonly unknown[]): Mrkdwn {
  const text = parts
    .map((part, n) => (n === 0 ? part : `${escapeText(String(values[n - 1]))}${part}`))
    .join('')
  return { [MARKED]: text }
}

/** Whether {@link mrkdwn} has made it. */
export function isMarked(value: unknown): value is Mrkdwn {
  return typeof Object(value)[MARKED] === 'string'
}

/** A text ready to be sent, cut to what its place takes. */
export function readyText(text: unknown, escapes: boolean, longest = LONGEST): string {
  if (isMarked(text)) return shortened(text[MARKED], longest)
  return shortened(escapes ? escapeText(String(text)) : String(text), longest)
}

/** A Slack escape, which is one character for a reader. */
const ENTITY = /^&(?:amp|lt|gt);/
const LONGEST_ENTITY = 5

/** A link or a mention of `mrkdwn`: longer than this it is none. */
const LONGEST_LINK = 3_000

/** Characters around the cut that are looked at: few that people see as one have more. */
const NEARBY = 64

/**
 * Text of at most as many characters as Slack takes, cut where a reader would cut it: between characters as people see them, never
 * within an escape, a link or a mention. A lone surrogate, which strict readers of JSON refuse, becomes U+FFFD.
 *
 * @param text ready to be sent: what is to be escaped is escaped
 */
export function shortened(text: string, longest: number): string {
  const whole = text.toWellFormed()
  return whole.length <= longest ? whole : `${whole.slice(0, endWithin(whole, longest - 1))}…`
}

/** Where the last whole character ends within so many. */
function endWithin(text: string, most: number): number {
  const from = wholeUpTo(text, Math.max(0, most - NEARBY))
  let end = from
  for (const { index, segment } of new Intl.Segmenter().segment(text.slice(from, most + NEARBY))) {
    const at = from + index
    // Within the escape before it.
    if (at < end) continue
    const { length } = ENTITY.exec(text.slice(at, at + LONGEST_ENTITY))?.[0] ?? segment
    if (at + length > most) break
    end = at + length
  }
  if (end === from) return wholeUpTo(text, most)
  const link = text.lastIndexOf('<', end - 1)
  const isWithin = link > text.lastIndexOf('>', end - 1) && end - link < LONGEST_LINK
  return isWithin && text.indexOf('>', end) - link < LONGEST_LINK && text.includes('>', end) ? link : end
}

/** One less if that would divide a pair of surrogates. */
function wholeUpTo(text: string, end: number): number {
  return /[\uD800-\uDBFF]/.test(text[end - 1] ?? '') ? end - 1 : end
}
