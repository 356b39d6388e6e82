import { randomBytes } from 'node:crypto'
import { checkIndexName, type IndexSettings, readSettings } from './index-settings.ts'
import { describeMapping, type ObjectField, readMapping } from './mapping.ts'
import { indexNotFound, Refusal, unsupported } from './refusal.ts'
import type { Store } from './store.ts'
import { matches } from './wildcard.ts'

/** One index: what it is called, how it understands documents, and how far it has counted. */
export interface Index {
  readonly key: number
  readonly name: string
  readonly uuid: string
  mapping: ObjectField
  settings: IndexSettings
  nextSeqNo: number
}

export interface Indices {
  create(name: string, options?: { readonly mappings?: unknown; readonly settings?: unknown }): Index
  /** @throws Refusal `index_not_found_exception` */
  get(name: string): Index
  find(name: string): Index | undefined
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
    const { name, uuid, mapping, settings } = JSON.parse(definition)
    const gcDeletes = settings.gcDeletes ?? Number.POSITIVE_INFINITY
    return { key, name, uuid, mapping: readMapping(mapping), settings: { ...settings, gcDeletes }, nextSeqNo }
  })
  const byName = new Map(kept.map((index) => [index.name, index]))
  let created = Math.max(0, ...kept.map(({ key }) => key))

  const changed = ({ key, name, uuid, mapping, settings }: Index) =>
    store.define(key, () => JSON.stringify({ name, uuid, mapping: describeMapping(mapping), settings }))

  function get(name: string): Index {
    const index = byName.get(name)
    if (!index) throw indexNotFound(name)
    return index
  }

  return {
    create(name, { mappings, settings } = {}) {
      checkIndexName(name)
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
        nextSeqNo: 0,
      }
      byName.set(name, index)
      changed(index)
      return index
    },
    get,
    find: (name) => byName.get(name),
    drop(index) {
      byName.delete(index.name)
      store.atomic(() => store.drop(index.key))
    },
    changed,
    matching(expression = '_all', { ignoreMissing = false } = {}) {
      const found = new Set<Index>()
      for (const part of expression.split(',')) {
        if (part.startsWith('-') || part.startsWith('<'))
          throw unsupported(`[${part}] as the name of an index`)
        const pattern = part === '_all' ? '*' : part
        if (pattern.includes('*')) {
          for (const index of byName.values()) if (matches(pattern, index.name)) found.add(index)
        } else if (byName.has(pattern) || !ignoreMissing) found.add(get(pattern))
      }
      return [...found]
    },
  }
}
