/**
 * Owns the names that stand for indices. An alias is kept with each index that it stands for; a filter hides documents from searches and
 * counts through it, not from reading one by its id.
 */
import { isObject } from './json.ts'
import { illegalArgument, Refusal, unsupported } from './refusal.ts'

export interface Alias {
  readonly filter?: unknown
  readonly is_write_index?: boolean
}

export type Aliases = Readonly<Record<string, Alias>>

interface Aliased {
  readonly aliases: Aliases
}

const OPTIONS = new Set(['filter', 'is_write_index'])

/** @throws Refusal for an option that is unknown here */
export function readAliases(aliases: unknown): Aliases {
  if (aliases === undefined) return {}
  if (!isObject(aliases)) throw new Refusal(400, 'parsing_exception', 'the aliases are not an object')
  return Object.fromEntries(Object.entries(aliases).map(([name, alias]) => [name, readAlias(alias)]))
}

export function readAlias(given: unknown): Alias {
  const alias = isObject(given) ? given : {}
  const other = Object.keys(alias).find((option) => !OPTIONS.has(option))
  if (other !== undefined) throw unsupported(`[${other}] of an alias`)
  const { filter, is_write_index: isWriteIndex } = alias
  return {
    ...(filter !== undefined && { filter }),
    ...(isWriteIndex !== undefined && { is_write_index: isWriteIndex === true }),
  }
}

/** An index as an alias shows it. */
export function throughAlias<I extends Aliased>(index: I, name: string): I {
  const filter = index.aliases[name]?.filter
  return filter === undefined ? index : { ...index, filter }
}

/** The index that is written through an alias. @throws Refusal if there are several, and none is the one to be written */
export function writeIndexOf<I extends Aliased>(alias: string, behind: readonly I[]): I {
  const [only, ...others] = behind
  if (only !== undefined && others.length === 0 && only.aliases[alias]?.is_write_index !== false) return only
  const chosen = behind.find(({ aliases }) => aliases[alias]?.is_write_index === true)
  if (chosen !== undefined) return chosen
  throw illegalArgument(
    `no write index is defined for alias [${alias}]. The write index may be explicitly disabled using is_write_index=false or the alias points to multiple indices without one being designated as a write index`,
  )
}
