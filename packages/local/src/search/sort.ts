import type { Index } from './indices.ts'
import { isObject } from './json.ts'
import { type Field, fieldAt, isObjectField } from './mapping.ts'
import type { QueryScope } from './query.ts'
import { illegalArgument, shardRefusal, unsupported } from './refusal.ts'

export interface SortKey {
  readonly field: string
  readonly descending: boolean
  readonly missingFirst: boolean
  readonly unmappedIsMissing: boolean
}

export type SortValue = string | number | null

/** Reads `sort`, or `field:direction` pairs of the query string. No keys: by score. */
export function readSort(sort: unknown): readonly SortKey[] {
  if (sort === undefined) return []
  const keys = (Array.isArray(sort) ? sort : [sort]).map((entry) => {
    if (typeof entry === 'string') return sortKey(entry, {})
    const [[field, options] = [], ...others] = isObject(entry) ? Object.entries(entry) : []
    if (field === undefined || others.length > 0)
      throw illegalArgument('each entry of [sort] names one field')
    return sortKey(field, typeof options === 'string' ? { order: options } : isObject(options) ? options : {})
  })
  const [only] = keys
  return keys.length === 1 && only?.field === '_score' && only.descending ? [] : keys
}

function sortKey(field: string, options: Readonly<Record<string, unknown>>): SortKey {
  const {
    order = field === '_score' ? 'desc' : 'asc',
    missing = '_last',
    unmapped_type: unmapped,
    ...rest
  } = options
  const [other] = Object.keys(rest)
  if (other !== undefined) throw unsupported(`[${other}] in sort`)
  if (order !== 'asc' && order !== 'desc') throw illegalArgument(`Unknown SortOrder [${order}]`)
  if (missing !== '_last' && missing !== '_first')
    throw unsupported(`missing [${missing}] in sort, other than _last and _first`)
  if (field.startsWith('_') && field !== '_score' && field !== '_doc')
    throw unsupported(`sorting by [${field}]`)
  return {
    field,
    descending: order === 'desc',
    missingFirst: missing === '_first',
    unmappedIsMissing: unmapped !== undefined,
  }
}

/** The SQL whose value a row is sorted by: of several values the least, descending the greatest. */
export function sortExpression(key: SortKey, index: Index, { mapping, bind }: QueryScope): string {
  if (key.field === '_score') return 'score'
  if (key.field === '_doc') return 'd.doc'
  const field = fieldAt(mapping, key.field)
  if (!field || isObjectField(field)) {
    if (key.unmappedIsMissing) return 'null'
    throw shardRefusal(
      index,
      'query_shard_exception',
      `No mapping found for [${key.field}] in order to sort on`,
    )
  }
  const best = key.descending ? 'max' : 'min'
  return `(select ${best}(${columnOf(field, key.field, index)}) from value where doc = d.doc and path = ${bind(key.field)})`
}

function columnOf({ type }: Field, path: string, index: Index): string {
  if (type === 'text') {
    const reason = `Text fields are not optimised for operations that require per-document field data like aggregations and sorting: [${path}]. Use a keyword field instead.`
    throw shardRefusal(index, 'illegal_argument_exception', reason)
  }
  if (type === 'binary') {
    const reason = `Can't load fielddata on [${path}] because fielddata is unsupported on fields of type [binary]. Use doc values instead.`
    throw shardRefusal(index, 'illegal_argument_exception', reason)
  }
  return type === 'keyword' || type === 'flat_object' ? 'word' : 'number'
}

export function compareBy(keys: readonly SortKey[]) {
  return (one: readonly SortValue[], other: readonly SortValue[]): number => {
    for (const [position, key] of keys.entries()) {
      const [left = null, right = null] = [one[position], other[position]]
      if (left === right) continue
      if (left === null || right === null) return (left === null) === key.missingFirst ? -1 : 1
      return left < right === key.descending ? 1 : -1
    }
    return 0
  }
}
