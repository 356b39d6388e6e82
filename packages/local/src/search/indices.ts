import { randomBytes } from 'node:crypto'
import { type Aliases, readAliases, throughAlias, writeIndexOf } from './aliases.ts'
import { checkIndexName, type IndexSettings, readSettings } from './index-settings.ts'
import { describeMapping, type ObjectField, readMapping } from './mapping.ts'
import { illegalArgument, indexNotFound, Refusal, unsupported } from './refusal.ts'
import type { Store } from './store.ts'
import { matches } from './wildcard.ts'

/** One index: what it is called, how it understands documents, and how far it has counted. */
export interface Index {
  readonly key: number
  readonly name: string
  readonly uuid: string
  mapping: ObjectField
  settings: IndexSettings
  aliases: Aliases
  nextSeqNo: number
  /** Of the alias through which it was found. */
  readonly filter?: unknown
}

export interface Indices {
  create(
    name: string,
    options?: { readonly mappings?: unknown; readonly settings?: unknown; readonly aliases?: unknown },
  ): Index
  /** By its name, or by an alias of it alone. @throws Refusal `index_not_found_exception` */
  get(name: string): Index
  /** By its own name. @throws Refusal `index_not_found_exception` */
  concrete(name: string): Index
  /** By its own name. */
  find(name: string): Index | undefined
  /** The index that is written under a name; undefined if there is none. @throws Refusal for an alias that does not say which */
  writable(name: string): { readonly index: Index; readonly isAlias: boolean } | undefined
  drop(index: Index): void
  /** After the mapping or the settings of an index have changed. */
  changed(index: Index): void
  /**
   * The indices that a path names: names, `*` patterns, `_all`, separated by commas.
   *
   * @throws Refusal if a name without a pattern is missing, unless `ignoreMissing`
   */
  matching(expression: string | undefined, options?: { readonly ignoreMissing?: boolean }): readonly Index[]
}

export function createIndices(store: Store): Indices {
  const kept = store.definitions().map(({ key, definition, nextSeqNo }): Index => {
    const { name, uuid, mapping, settings, aliases = {} } = JSON.parse(definition)
    const gcDeletes = settings.gcDeletes ?? Number.POSITIVE_INFINITY
    const known = { key, name, uuid, aliases, nextSeqNo }
    return { ...known, mapping: readMapping(mapping), settings: { ...settings, gcDeletes } }
  })
  const byName = new Map(kept.map((index) => [index.name, index]))
  let created = Math.max(0, ...kept.map(({ key }) => key))

  const changed = ({ key, name, uuid, mapping, settings, aliases }: Index) =>
    store.define(key, () =>
      JSON.stringify({ name, uuid, mapping: describeMapping(mapping), settings, aliases }),
    )

  function concrete(name: string): Index {
    const index = byName.get(name)
    if (!index) throw indexNotFound(name)
    return index
  }

  function behind(alias: string): readonly Index[] {
    return [...byName.values()].filter(({ aliases }) => alias in aliases)
  }

  function get(name: string): Index {
    const found = behind(name)
    const [only] = found
    if (found.length > 1) {
      const names = found.map((index) => index.name).join(', ')
      throw illegalArgument(
        `alias [${name}] has more than one index associated with it [${names}], can't execute a single index op`,
      )
    }
    return only ?? concrete(name)
  }

  return {
    create(name, { mappings, settings, aliases } = {}) {
      checkIndexName(name)
      if (behind(name).length > 0)
        throw new Refusal(
          400,
          'invalid_index_name_exception',
          `Invalid index name [${name}], already exists as alias`,
        )
      const existing = byName.get(name)
      if (existing) {
        const reason = `index [${name}/${existing.uuid}] already exists`
        throw new Refusal(400, 'resource_already_exists_exception', reason, {
          index: name,
          index_uuid: existing.uuid,
        })
      }
      created += 1
      const index: Index = {
        key: created,
        name,
        uuid: randomBytes(16).toString('base64url'),
        mapping: readMapping(mappings),
        settings: readSettings(settings),
        aliases: readAliases(aliases),
        nextSeqNo: 0,
      }
      byName.set(name, index)
      changed(index)
      return index
    },
    get,
    concrete,
    find: (name) => byName.get(name),
    writable(name) {
      const index = byName.get(name)
      if (index !== undefined) return { index, isAlias: false }
      const found = behind(name)
      return found.length === 0 ? undefined : { index: writeIndexOf(name, found), isAlias: true }
    },
    drop(index) {
      byName.delete(index.name)
      store.atomic(() => store.drop(index.key))
    },
    changed,
    matching(expression = '_all', { ignoreMissing = false } = {}) {
      const found = new Map<string, Index>()
      const see = (index: Index) => {
        // What is named by itself, too, is seen as a whole.
        if (found.get(index.name)?.filter !== undefined || !found.has(index.name))
          found.set(index.name, index)
      }
      for (const part of expression.split(',')) {
        if (part.startsWith('-') || part.startsWith('<'))
          throw unsupported(`[${part}] as the name of an index`)
        const pattern = part === '_all' ? '*' : part
        const all = [...byName.values()]
        if (pattern.includes('*')) for (const index of all) if (matches(pattern, index.name)) see(index)
        const shown = all.flatMap((index) =>
          Object.keys(index.aliases).flatMap((alias) =>
            matches(pattern, alias) ? [throughAlias(index, alias)] : [],
          ),
        )
        for (const index of shown) see(index)
        if (pattern.includes('*') || shown.length > 0) continue
        if (byName.has(pattern) || !ignoreMissing) see(concrete(pattern))
      }
      return [...found.values()]
    },
  }
}
