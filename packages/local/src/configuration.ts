import { callableProblems, optionsOf, refuse } from '@spaceship/core'
import type { Precision } from './dynamodb/index.ts'

export type KeyType = 'S' | 'N' | 'B'

export interface TableOptions {
  readonly name: string
  /** The partition key's name, or both keys' names. */
  readonly key: string | { readonly partition: string; readonly sort?: string }
  /** Types of key attributes. @default 'S' for each */
  readonly types?: Readonly<Record<string, KeyType>>
  /** The stream that gets every change of the table. @default none */
  readonly stream?: string
  /** Of the changes' timestamps. @default 'MICROSECOND' */
  readonly precision?: Precision
  /** The attribute that holds when an item expires, in seconds since 1970. @default none */
  readonly timeToLive?: string
}

export interface StreamOptions {
  readonly name: string
  /** @default 1 */
  readonly shards?: number
}

export type Endpoint = 'dynamodb' | 'kinesis' | 'search' | 'slack' | 'scheduler'

export interface LaunchOptions {
  readonly tables?: readonly TableOptions[]
  /** Streams beside those that the tables name. @default none */
  readonly streams?: readonly (string | StreamOptions)[]
  /** Fixed ports. @default 0 for each: the system chooses a free port */
  readonly ports?: Readonly<Partial<Record<Endpoint, number>>>
  /** Of the random numbers behind the fault switches. @default another one each time; it is logged */
  readonly seed?: number
  /** @default 'us-east-1' */
  readonly region?: string
  /** How many times faster than in reality a schedule becomes due. @default 1 */
  readonly timeScale?: number
  /** Gets the few lines that a human wants to know. @default silence */
  readonly log?: (line: string) => void
}

export interface Plan {
  readonly tables: readonly TableOptions[]
  readonly streams: readonly Required<StreamOptions>[]
}

const NAME = /^[a-zA-Z0-9_.-]+$/
const ENDPOINTS: readonly string[] = [
  'dynamodb',
  'kinesis',
  'search',
  'slack',
  'scheduler',
] satisfies Endpoint[]
const MOST_SHARDS = 100

/**
 * What is to be created: the tables, the streams, and the streams that only a table names.
 *
 * @throws ConfigurationError with every problem at once
 */
export function planOf(options: LaunchOptions): Plan {
  const problems: string[] = []
  const given = optionsOf(options, problems)
  const { seed, timeScale, region, log } = given
  const tables = listOf('tables', given.tables, problems).map((table) =>
    optionsOf(table, problems, 'a table'),
  )
  const listed = listOf('streams', given.streams, problems).map((stream) =>
    typeof stream === 'string' ? { name: stream } : optionsOf(stream, problems, 'a stream'),
  )
  const ports = optionsOf(given.ports, problems, "'ports'")
  const named = tables.flatMap(({ stream }) => (stream === undefined ? [] : [stream]))
  refuse('launch', [
    ...problems,
    ...tables.flatMap(tableProblems),
    ...twice(
      'table',
      tables.map(({ name }) => name),
    ),
    ...listed.flatMap(streamProblems),
    ...twice(
      'stream',
      listed.map(({ name }) => name),
    ),
    ...portProblems(ports),
    ...(seed === undefined || Number.isSafeInteger(seed) ? [] : [`seed is ${seed}: write a whole number`]),
    ...(timeScale === undefined || (typeof timeScale === 'number' && timeScale > 0)
      ? []
      : [`timeScale is ${timeScale}: write a number above 0`]),
    ...(region === undefined || (typeof region === 'string' && region !== '')
      ? []
      : ["region must be a text, such as 'us-east-1'"]),
    ...callableProblems({ log }, { log: '' }),
  ])
  const unlisted = [...new Set(named)].filter((name) => !listed.some((stream) => stream.name === name))
  const all = [...listed, ...unlisted.map((name): StreamOptions => ({ name }))]
  return { tables, streams: all.map(({ name, shards = 1 }) => ({ name, shards })) }
}

/** The list in `value`; what is none has no items, and is a problem. */
function listOf<T>(name: string, value: readonly T[] = [], problems: string[]): readonly T[] {
  if (Array.isArray(value)) return value
  problems.push(`${name} must be a list`)
  return []
}

/** The key attributes with their types, the partition key first. */
export function keyAttributes({ key, types = {} }: TableOptions): { name: string; type: KeyType }[] {
  const names =
    typeof key === 'string' ? [key] : [key.partition, ...(key.sort === undefined ? [] : [key.sort])]
  return names.map((name) => ({ name, type: types[name] ?? 'S' }))
}

function tableProblems(table: TableOptions): string[] {
  const problems: string[] = []
  const { name, stream, precision, timeToLive } = table
  const types = optionsOf(table.types, problems, `table '${name}': types`)
  const key =
    typeof table.key === 'string'
      ? { partition: table.key }
      : optionsOf(table.key, problems, `table '${name}': key`)
  const keys = keyAttributes({ name, key, types }).map((attribute) => attribute.name)
  if (typeof name !== 'string' || !NAME.test(name) || name.length < 3 || name.length > 255) {
    problems.push(`table '${name}': a name has 3 to 255 letters, digits, '_', '-' and '.'`)
  }
  if (keys.some((key) => typeof key !== 'string' || key === '')) {
    problems.push(`table '${name}': write key: 'id', or key: { partition: 'pk', sort: 'sk' }`)
  }
  if (new Set(keys).size < keys.length) problems.push(`table '${name}': partition and sort key must differ`)
  for (const [key, type] of Object.entries(types)) {
    if (!keys.includes(key))
      problems.push(`table '${name}': types names '${key}', which is not a key attribute`)
    if (!['S', 'N', 'B'].includes(type))
      problems.push(`table '${name}': the type of '${key}' must be 'S', 'N' or 'B'`)
  }
  if (stream !== undefined && !validStream(stream)) problems.push(`table '${name}': ${streamAdvice(stream)}`)
  if (precision !== undefined && stream === undefined) {
    problems.push(`table '${name}': precision without stream has no effect; name the stream`)
  }
  if (precision !== undefined && precision !== 'MILLISECOND' && precision !== 'MICROSECOND') {
    problems.push(`table '${name}': precision must be 'MILLISECOND' or 'MICROSECOND'`)
  }
  if (timeToLive !== undefined && (typeof timeToLive !== 'string' || timeToLive === ''))
    problems.push(`table '${name}': timeToLive must name an attribute`)
  return problems
}

function streamProblems({ name, shards = 1 }: StreamOptions): string[] {
  return [
    ...(validStream(name) ? [] : [streamAdvice(name)]),
    ...(Number.isSafeInteger(shards) && shards >= 1 && shards <= MOST_SHARDS
      ? []
      : [`stream '${name}': shards is ${shards}: write a whole number from 1 to ${MOST_SHARDS}`]),
  ]
}

function validStream(name: string): boolean {
  return typeof name === 'string' && NAME.test(name) && name.length <= 128
}

function streamAdvice(name: string): string {
  return `stream '${name}': a name has 1 to 128 letters, digits, '_', '-' and '.'`
}

function twice(what: string, names: readonly string[]): string[] {
  const repeated = new Set(names.filter((name, index) => names.indexOf(name) !== index))
  return [...repeated].map((name) => `${what} '${name}' is listed twice: names must be unique`)
}

function portProblems(ports: Readonly<Record<string, number | undefined>>): string[] {
  const problems = Object.entries(ports).flatMap(([name, port]) => {
    if (!ENDPOINTS.includes(name))
      return [`ports.${name}: there is no such endpoint; known are ${ENDPOINTS.join(', ')}`]
    const valid = port === undefined || (Number.isSafeInteger(port) && port >= 0 && port <= 65_535)
    return valid ? [] : [`ports.${name} is ${port}: write a port from 0 to 65535`]
  })
  const fixed = Object.values(ports).filter((port) => port !== undefined && port > 0)
  return new Set(fixed).size < fixed.length
    ? [...problems, 'ports: two endpoints cannot share a port']
    : problems
}
