import {
  bare,
  callable,
  check,
  choice,
  count,
  list,
  plain,
  problemsOf,
  record,
  required,
  type ShapesOf,
  port as shaped,
  text,
  textOr,
} from '@spaceship/core/adapter'
import type { Precision } from './dynamodb/index.ts'
import type { Emulators } from './emulator/index.ts'

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

export type Endpoint =
  | 'dynamodb'
  | 'kinesis'
  | 'search'
  | 'slack'
  | 'scheduler'
  | 'stepFunctions'
  | 's3'
  | 'sqs'
  | 'sns'

export interface LaunchOptions {
  readonly tables?: readonly TableOptions[]
  /** Streams beside those that the tables name. @default none */
  readonly streams?: readonly (string | StreamOptions)[]
  /**
   * A folder that keeps everything which the spaceship holds: a later launch on it goes on where this one stood, also after the process
   * was killed. It is made if it is not there. One spaceship at a time uses it. Tables and streams that are there already are kept as
   * they are.
   *
   * @default everything is gone with the process
   */
  readonly data?: string
  /** What `createEmulators()` has made: shares the threads of the emulators with other launches, which then take less time. @default threads of its own */
  readonly emulators?: Emulators
  /** Fixed ports. @default 0 for each: the system chooses a free port */
  readonly ports?: Readonly<Partial<Record<Endpoint, number>>>
  /** Of the random numbers behind the fault switches. @default another one each time; it is logged */
  readonly seed?: number
  /** @default 'us-east-1' */
  readonly region?: string
  /** How many times faster than in reality a schedule becomes due, and a wait of Step Functions passes. @default 1 */
  readonly timeScale?: number
  /** Gets the few lines that a human wants to know. @default silence */
  readonly log?: (line: string) => void
}

export interface Plan {
  readonly tables: readonly TableOptions[]
  readonly streams: readonly Required<StreamOptions>[]
}

const named = (least: number, most: number) => {
  const pattern = new RegExp(`^[a-zA-Z0-9_.-]{${least},${most}}$`)
  return plain(
    `a name of ${least} to ${most} letters, digits, '_', '-' and '.'`,
    (name) => typeof name === 'string' && pattern.test(name),
  )
}

const streamName = named(1, 128)
const attribute = text('the name of an attribute')
const port = count(0, 65_535)
const keyType = required(choice('S', 'N', 'B'))

export const LAUNCH = {
  options: bare({
    tables: list(
      record({
        name: required(named(3, 255)),
        key: required(
          textOr("an attribute's name such as 'id', or { partition: 'pk', sort: 'sk' }", {
            partition: required(attribute),
            sort: attribute,
          }),
        ),
        types: record({}),
        stream: streamName,
        precision: choice('MILLISECOND', 'MICROSECOND'),
        timeToLive: attribute,
      } satisfies ShapesOf<TableOptions>),
    ),
    streams: list(
      textOr("a stream's name, or { name }", {
        name: required(streamName),
        shards: count(1, 100),
      } satisfies ShapesOf<StreamOptions>),
    ),
    data: text("the path of a folder such as '.spaceship'"),
    ports: record({
      dynamodb: port,
      kinesis: port,
      search: port,
      slack: port,
      scheduler: port,
      stepFunctions: port,
      s3: port,
      sqs: port,
      sns: port,
    } satisfies ShapesOf<Record<Endpoint, number>>),
    emulators: shaped('threadOf', 'what createEmulators() makes'),
    seed: plain('a whole number', Number.isSafeInteger),
    region: text("a region such as 'us-east-1'"),
    timeScale: plain('a number above 0', (scale) => typeof scale === 'number' && scale > 0),
    log: callable,
  } satisfies ShapesOf<LaunchOptions>),
}

/**
 * What is to be created: the tables, the streams, and the streams that only a table names.
 *
 * @throws ConfigurationError with every problem at once
 */
export function planOf(options: LaunchOptions): Plan {
  check('launch', LAUNCH, { options }, () => togetherProblems(options))
  const { tables = [], streams = [] } = options
  const listed = streams.map(
    (stream): StreamOptions => (typeof stream === 'string' ? { name: stream } : stream),
  )
  const unlisted = new Set(
    tables.flatMap(({ stream }) =>
      stream === undefined || listed.some(({ name }) => name === stream) ? [] : [stream],
    ),
  )
  const all = [...listed, ...[...unlisted].map((name): StreamOptions => ({ name }))]
  return { tables, streams: all.map(({ name, shards = 1 }) => ({ name, shards })) }
}

function togetherProblems(options: LaunchOptions): string[] {
  const { tables, streams, ports } = Object(options)
  const fixed = Object.values(Object(ports)).filter((port) => port)
  return [
    ...listOf(tables).flatMap((table, index) => tableProblems(Object(table), `tables[${index}]`)),
    ...twice(
      'tables',
      listOf(tables).map((table) => Object(table).name),
    ),
    ...listOf(streams).flatMap((stream, index) =>
      typeof stream === 'string' && !streamName.fits(stream)
        ? [`'streams[${index}]' is '${stream}': expected ${streamName.expected}`]
        : [],
    ),
    ...twice(
      'streams',
      listOf(streams).map((stream) => (typeof stream === 'string' ? stream : Object(stream).name)),
    ),
    ...Object.keys(Object(ports))
      .filter((name) => !ENDPOINTS.includes(name))
      .map((name) => `'ports' has '${name}': expected '${ENDPOINTS.join("', '")}' only`),
    ...(new Set(fixed).size < fixed.length
      ? ["'ports' has one port for two endpoints: expected a port for each"]
      : []),
  ]
}

const ENDPOINTS: readonly string[] = [
  'dynamodb',
  'kinesis',
  'search',
  'slack',
  'scheduler',
  'stepFunctions',
  's3',
  'sqs',
  'sns',
] satisfies Endpoint[]

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

/** The key attributes with their types, the partition key first. */
export function keyAttributes({ key, types = {} }: TableOptions): { name: string; type: KeyType }[] {
  const names =
    typeof key === 'string' ? [key] : [key.partition, ...(key.sort === undefined ? [] : [key.sort])]
  return names.map((name) => ({ name, type: types[name] ?? 'S' }))
}

/** @param at names the table in messages */
function tableProblems(table: TableOptions, at: string): string[] {
  const { stream, precision, types = {} } = table
  const { partition, sort } = typeof table.key === 'string' ? { partition: table.key } : Object(table.key)
  return [
    ...(partition && partition === sort
      ? [`'${at}.key' has '${sort}' as 'partition' and as 'sort': expected two attributes`]
      : []),
    ...Object.entries(Object(types)).flatMap(([name, type]) => [
      ...([partition, sort].includes(name)
        ? []
        : [`'${at}.types' has '${name}', which is not a key attribute: expected key attributes only`]),
      ...problemsOf(keyType, type, `${at}.types.${name}`),
    ]),
    ...(precision !== undefined && stream === undefined
      ? [`'${at}.precision' is given without 'stream', which makes it useless: expected both or none`]
      : []),
  ]
}

function twice(at: string, names: readonly unknown[]): string[] {
  return names.flatMap((name, index) =>
    typeof name === 'string' && names.indexOf(name) < index
      ? [`'${at}[${index}]' is '${name}', which is listed before: expected each name once`]
      : [],
  )
}
