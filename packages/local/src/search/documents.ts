/** Reading and writing single documents, with their versions. */
import { isDeepStrictEqual } from 'node:util'
import { readDocument } from './document.ts'
import type { Index } from './indices.ts'
import { exactInteger, type Fields, isObject, parseSource } from './json.ts'
import { cloneMapping } from './mapping.ts'
import { Refusal } from './refusal.ts'
import type { Store, Stored } from './store.ts'
import { type Current, nextVersion, type Versioning } from './versions.ts'

export interface Written {
  readonly status: number
  readonly body: Fields
}

export interface Documents {
  read(index: Index, id: string): Stored | undefined
  /** @throws Refusal `version_conflict_engine_exception`, or what `readDocument` throws */
  write(
    index: Index,
    id: string,
    source: unknown,
    options: { readonly versioning: Versioning; readonly create?: boolean },
  ): Written
  /** A versioned delete of a missing document answers `not_found` and plants a tombstone. */
  remove(index: Index, id: string, versioning: Versioning): Written
  /** Merges `doc` into the source. @throws Refusal `document_missing_exception` */
  update(index: Index, id: string, change: Update, versioning: Versioning): Written
}

export interface Update {
  readonly doc: Fields
  /** What becomes the document if it is missing. */
  readonly upsert: Fields | undefined
}

/** @param changed is told an index whose mapping has grown, within the write that made it grow */
export function createDocuments(store: Store, changed: (index: Index) => void, now: () => number): Documents {
  /** The document or its tombstone, as long as that is remembered. */
  function current(index: Index, id: string): Stored | undefined {
    const stored = store.read(index.key, id)
    const forgotten = stored?.deletedAt !== undefined && now() - stored.deletedAt > index.settings.gcDeletes
    return forgotten ? undefined : stored
  }

  function next(index: Index, id: string, existing: Current | undefined, versioning: Versioning): bigint {
    const version = nextVersion(existing, versioning)
    if (typeof version === 'bigint') return version
    throw conflict(index, id, version.conflict)
  }

  function write(
    index: Index,
    id: string,
    source: unknown,
    { versioning, create = false }: { versioning: Versioning; create?: boolean },
  ): Written {
    if (!isObject(source))
      throw new Refusal(400, 'mapper_parsing_exception', 'failed to parse: the document is not an object')
    const existing = current(index, id)
    const isNew = !existing || existing.deleted
    if (create && !isNew)
      throw conflict(index, id, `document already exists (current version [${existing.version}])`)
    const version = next(index, id, existing, versioning)
    const mapping = cloneMapping(index.mapping)
    const indexed = readDocument(mapping, id, source)
    const seqNo = index.nextSeqNo
    store.atomic(() => {
      store.write(index.key, id, version, seqNo, JSON.stringify(source), indexed)
      changed({ ...index, mapping })
    })
    index.mapping = mapping
    index.nextSeqNo += 1
    return {
      status: isNew ? 201 : 200,
      body: written(index, id, version, seqNo, isNew ? 'created' : 'updated'),
    }
  }

  function remove(index: Index, id: string, versioning: Versioning): Written {
    const existing = current(index, id)
    const found = existing !== undefined && !existing.deleted
    const version = next(index, id, existing, versioning)
    const seqNo = index.nextSeqNo
    store.atomic(() => store.bury(index.key, id, version, seqNo, now()))
    index.nextSeqNo += 1
    return {
      status: found ? 200 : 404,
      body: written(index, id, version, seqNo, found ? 'deleted' : 'not_found'),
    }
  }

  return {
    read(index, id) {
      const stored = current(index, id)
      return stored?.deleted ? undefined : stored
    },
    write,
    remove,
    update(index, id, { doc, upsert }, versioning) {
      const existing = current(index, id)
      if (!existing || existing.deleted) {
        if (upsert !== undefined) return write(index, id, upsert, { versioning })
        throw new Refusal(404, 'document_missing_exception', `[${id}]: document missing`, {
          index: index.name,
          shard: '0',
          index_uuid: index.uuid,
        })
      }
      next(index, id, existing, versioning)
      const before: unknown = parseSource(existing.source)
      const after = merge(isObject(before) ? before : {}, doc)
      if (!isDeepStrictEqual(before, after)) return write(index, id, after, { versioning })
      const noop = written(index, id, existing.version, existing.seqNo, 'noop')
      return { status: 200, body: { ...noop, _shards: { total: 0, successful: 0, failed: 0 } } }
    },
  }
}

function written(
  { name, settings }: Index,
  id: string,
  version: bigint,
  seqNo: number,
  result: string,
): Fields {
  return {
    _index: name,
    _id: id,
    _version: exactInteger(version),
    result,
    _shards: { total: 1 + settings.replicas, successful: 1, failed: 0 },
    _seq_no: seqNo,
    _primary_term: 1,
  }
}

export function conflict({ name, uuid }: Index, id: string, why: string): Refusal {
  return new Refusal(409, 'version_conflict_engine_exception', `[${id}]: version conflict, ${why}`, {
    index: name,
    shard: '0',
    index_uuid: uuid,
  })
}

/** Objects are merged, everything else is replaced. */
function merge(before: Fields, change: Fields): Fields {
  const after: Record<string, unknown> = { ...before }
  for (const [name, value] of Object.entries(change)) {
    const old = after[name]
    after[name] = isObject(old) && isObject(value) ? merge(old, value) : value
  }
  return after
}
