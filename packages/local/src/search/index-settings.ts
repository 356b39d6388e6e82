import { isObject } from './json.ts'
import { illegalArgument, Refusal } from './refusal.ts'

/** The settings of an index that mean something here, or that make no difference to a single node in memory. */
export interface IndexSettings {
  readonly shards: number
  readonly replicas: number
  /** How long the version of a deleted document is remembered, in milliseconds. */
  readonly gcDeletes: number
}

export const DEFAULT_SETTINGS: IndexSettings = { shards: 1, replicas: 1, gcDeletes: 60_000 }

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/**
 * Reads `settings`, nested or dotted, with or without `index.` before the names.
 *
 * @throws Refusal `settings_exception` for a setting that is unknown or has no meaning here
 */
export function readSettings(settings: unknown, base: IndexSettings = DEFAULT_SETTINGS): IndexSettings {
  let { shards, replicas, gcDeletes } = base
  for (const [name, value] of leaves(settings)) {
    if (name === 'number_of_replicas') replicas = count(name, value, 0)
    else if (name === 'number_of_shards') shards = count(name, value, 1)
    else if (name === 'gc_deletes') gcDeletes = time(name, value)
    else if (name === 'refresh_interval') time(name, value)
    else
      throw new Refusal(
        400,
        'settings_exception',
        `unknown setting [index.${name}], or one that the embedded search does not support`,
      )
  }
  return { shards, replicas, gcDeletes }
}

function* leaves(settings: unknown, prefix = ''): Generator<[string, unknown]> {
  if (!isObject(settings)) return
  for (const [name, value] of Object.entries(settings)) {
    const full = `${prefix}${name}`
    if (isObject(value) && (full === 'index' || Object.keys(value).length > 0))
      yield* leaves(value, `${full}.`)
    else yield [full.replace(/^index\./, ''), value]
  }
}

function count(name: string, value: unknown, least: number): number {
  const number = Number(value)
  if (!Number.isInteger(number) || number < least)
    throw illegalArgument(`Failed to parse value [${value}] for setting [index.${name}]`)
  return number
}

function time(name: string, value: unknown): number {
  if (String(value) === '-1') return Number.POSITIVE_INFINITY
  const [, amount, unit] = /^(\d+)(ms|s|m|h|d)$/.exec(String(value)) ?? []
  if (amount === undefined)
    throw illegalArgument(`failed to parse setting [index.${name}] with value [${value}] as a time value`)
  return Number(amount) * (UNITS[unit ?? ''] ?? 1)
}

const FORBIDDEN = ['\\', '/', '*', '?', '"', '<', '>', '|', ' ', ',', '#', ':']

/** @throws Refusal `invalid_index_name_exception` */
export function checkIndexName(name: string): void {
  const refuse = (why: string) => {
    throw new Refusal(400, 'invalid_index_name_exception', `Invalid index name [${name}], ${why}`, {
      index: name,
      index_uuid: '_na_',
    })
  }
  if (name !== name.toLowerCase()) refuse('must be lowercase')
  if (FORBIDDEN.some((character) => name.includes(character)))
    refuse(`must not contain the following characters ${FORBIDDEN.join(' ')}`)
  if (/^[_\-+]/.test(name)) refuse(`must not start with '_', '-', or '+'`)
  if (name === '.' || name === '..') refuse(`must not be '.' or '..'`)
  if (Buffer.byteLength(name) > 255) refuse(`index name is too long, (${Buffer.byteLength(name)} > 255)`)
}
