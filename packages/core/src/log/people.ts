/** Owns what a person reads of a log line on a terminal. */

export interface PeopleOptions {
  /**
   * Columns of the terminal: fields that do not fit go to further lines, and what is longer than a line is shortened. The error is not.
   * @default without bound, in one line
   */
  readonly width?: number
}

/**
 * A JSON line in words: `12:00:01.250 INFO  lease taken  shard=shardId-000000000000`. What is no such line stays as it is.
 *
 * @example
 * const show = (line: string) => console.log(forPeople(line, { width: process.stdout.columns }))
 */
export function forPeople(line: string, options: PeopleOptions = {}): string {
  const width = Math.max(options?.width ?? Number.POSITIVE_INFINITY, NARROWEST)
  const fields = parsed(line)
  if (fields === undefined) return line
  const {
    timestamp,
    level,
    message,
    schema: _,
    service: __,
    process: ___,
    seq: ____,
    error,
    details,
    ...rest
  } = fields
  const { name, code, message: why } = Object(error)
  const room = width - INDENT.length
  const pairs = Object.entries({ ...rest, ...Object(details) }).map(([field, value]) =>
    fitting(field, value, room),
  )
  const failure =
    error === undefined
      ? []
      : [`error=${worded(`${name ?? 'Error'}${code === undefined ? '' : ` [${code}]`}: ${why}`)}`]
  const head = `${String(timestamp).slice(11, 23)} ${String(level).padEnd(5)} ${message}`
  return [...pairs, ...failure].reduce(
    (lines, pair, i) => joined(lines, pair, width, i === 0 ? '  ' : ' '),
    head,
  )
}

/** Columns below which no line would say anything. */
const NARROWEST = 20

/** Of the lines that follow the first. */
const INDENT = '  '

/** Behind what stands there, if there is room, else on a line of its own. */
function joined(lines: string, pair: string, width: number, gap: string): string {
  const last = lines.length - (lines.lastIndexOf('\n') + 1)
  return last + gap.length + pair.length <= width ? `${lines}${gap}${pair}` : `${lines}\n${INDENT}${pair}`
}

/** A list is shortened by its last items, which are counted, all else by its end. */
function fitting(field: string, value: unknown, room: number): string {
  const whole = `${field}=${worded(value)}`
  if (whole.length <= room) return whole
  if (!Array.isArray(value)) return `${whole.slice(0, room - 1)}…`
  for (let shown = value.length - 1; shown > 0; shown -= 1) {
    const items = value.slice(0, shown).map((item) => JSON.stringify(item))
    const text = `${field}=[${items.join(',')},… ${value.length - shown} more]`
    if (text.length <= room) return text
  }
  return `${field}=[… ${value.length}]`
}

function parsed(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    const fields: unknown = JSON.parse(line)
    // What begins as an object and is JSON is an object.
    return fields !== null && Object(fields).schema !== undefined
      ? (fields as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

function worded(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return /^[^\s"]+$/.test(text) || typeof value !== 'string' ? text : JSON.stringify(text)
}
