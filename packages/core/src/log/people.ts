/** Owns what a person reads of a log line on a terminal. */

/** A JSON line in words: `12:00:01.250 INFO  lease taken  shard=shardId-000000000000`. What is no such line stays as it is. */
export function forPeople(line: string): string {
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
  const failure =
    error === undefined
      ? {}
      : { error: `${name ?? 'Error'}${code === undefined ? '' : ` [${code}]`}: ${why}` }
  const pairs = Object.entries({ ...rest, ...Object(details), ...failure }).map(
    ([field, value]) => `${field}=${worded(value)}`,
  )
  return [
    String(timestamp).slice(11, 23),
    String(level).padEnd(5),
    String(message),
    ...(pairs.length > 0 ? ['', ...pairs] : []),
  ].join(' ')
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
