/** Showing a part of a document or of an answer: `_source` and `filter_path`. */
import { type Fields, isObject } from './json.ts'
import { illegalArgument, unsupported } from './refusal.ts'
import { matches } from './wildcard.ts'

export type SourceFilter = (source: unknown) => unknown

/**
 * Reads `_source`: a boolean, a path, a list of paths, or includes and excludes. Paths may hold `*`.
 *
 * @returns nothing if the source is not wanted
 */
export function readSourceFilter(given: unknown): SourceFilter | undefined {
  if (given === undefined || given === true || given === 'true' || given === '') return (source) => source
  if (given === false || given === 'false') return undefined
  if (isObject(given)) {
    const { includes = [], excludes = [], ...rest } = given
    const [other] = Object.keys(rest)
    if (other !== undefined) throw unsupported(`[${other}] in _source`)
    return project(paths(includes), paths(excludes))
  }
  return project(paths(typeof given === 'string' ? given.split(',') : given), [])
}

function paths(given: unknown): readonly string[] {
  const list: unknown[] = Array.isArray(given) ? given : [given]
  return list.map((path) => {
    if (typeof path === 'string') return path
    throw illegalArgument('_source takes a boolean, paths, or includes and excludes')
  })
}

function project(includes: readonly string[], excludes: readonly string[]): SourceFilter {
  const isWanted = (path: string) =>
    (includes.length === 0 || includes.some((pattern) => matches(pattern, path, '.'))) &&
    !excludes.some((pattern) => matches(pattern, path, '.'))
  const visit = (value: unknown, path: string): unknown => {
    if (Array.isArray(value)) {
      const parts = value.map((item) => visit(item, path)).filter((item) => item !== undefined)
      return parts.length > 0 || value.length === 0 ? parts : undefined
    }
    if (isObject(value)) {
      const parts = Object.entries(value)
        .map(([name, inner]) => [name, visit(inner, path === '' ? name : `${path}.${name}`)] as const)
        .filter(([, inner]) => inner !== undefined)
      // What is wanted itself stays, even if nothing in it does.
      return parts.length > 0 || path === '' || isWanted(path) ? Object.fromEntries(parts) : undefined
    }
    return isWanted(path) ? value : undefined
  }
  return (source) => visit(source, '')
}

/** Keeps the parts of an answer that `filter_path` names; `*` stands for one name, `**` for any number. */
export function filterPath(body: unknown, given: string): unknown {
  const patterns = given.split(',').map((path) => path.split('.'))
  if (patterns.some(([first]) => first?.startsWith('-'))) throw unsupported('exclusions in filter_path')
  return keep(body, patterns) ?? {}
}

function keep(value: unknown, patterns: readonly (readonly string[])[]): unknown {
  if (patterns.some((pattern) => pattern.length === 0)) return value
  if (Array.isArray(value)) {
    const parts = value.map((item) => keep(item, patterns)).filter((item) => item !== undefined)
    return parts.length > 0 ? parts : undefined
  }
  if (!isObject(value)) return undefined
  const kept: Record<string, unknown> = {}
  for (const [name, inner] of Object.entries(value)) {
    const rest = patterns.flatMap(([first = '', ...more]) => {
      if (first === '**') return [[first, ...more], ...(more[0] === name ? [more.slice(1)] : [])]
      return first === '*' || first === name ? [more] : []
    })
    const part = rest.length === 0 ? undefined : keep(inner, distinct(rest))
    if (part !== undefined) kept[name] = part
  }
  return Object.keys(kept).length > 0 ? (kept satisfies Fields) : undefined
}

/** Several ways through `**` lead to one rest: without this they would multiply at each level. */
function distinct(patterns: readonly (readonly string[])[]): readonly (readonly string[])[] {
  return [...new Map(patterns.map((pattern) => [pattern.join('.'), pattern])).values()]
}
