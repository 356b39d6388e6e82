/** What a write request says, the same for single requests and for the actions of a bulk: read and validated before it runs. */
import { randomBytes } from 'node:crypto'
import type { Documents, Written } from './documents.ts'
import type { Index, Indices } from './indices.ts'
import { isObject } from './json.ts'
import { Refusal, unsupported } from './refusal.ts'
import { readVersioning, type VersionFields, type Versioning } from './versions.ts'

export type Operation = 'index' | 'create' | 'delete' | 'update'

export interface Write {
  readonly operation: Operation
  readonly index: string
  readonly id: string
  readonly versioning: Versioning
  readonly requireAlias: boolean
}

const LONGEST_ID = 512

/** @throws Refusal for what cannot be parsed; what is well-formed but invalid is added to `problems` */
export function readWrite(
  operation: Operation,
  index: string,
  id: string | undefined,
  fields: VersionFields & { readonly require_alias?: unknown },
  problems: string[],
): Write {
  // An index request without an id can only create.
  const versioning = readVersioning(
    fields,
    operation === 'index' && id === undefined ? 'create' : operation,
    problems,
  )
  const bytes = Buffer.byteLength(id ?? '')
  if (bytes > LONGEST_ID)
    problems.push(`id [${id}] is too long, must be no longer than ${LONGEST_ID} bytes but was: ${bytes}`)
  if (id === undefined && (operation === 'delete' || operation === 'update')) problems.push('id is missing')
  const requireAlias = String(fields.require_alias ?? 'false') !== 'false'
  return { operation, index, id: id ?? randomBytes(15).toString('base64url'), versioning, requireAlias }
}

/** Runs one write; `source` gives the document, and may throw because it is broken. */
export function applyWrite(
  write: Write,
  source: () => unknown,
  documents: Documents,
  indices: Indices,
): Written {
  const { operation, id, versioning } = write
  const index = target(write, indices)
  if (operation === 'delete') return documents.remove(index, id, versioning)
  if (operation === 'update') return documents.update(index, id, readUpdate(source()), versioning)
  return documents.write(index, id, source(), { versioning, create: operation === 'create' })
}

/**
 * The index to write to, made if it is missing. As in the real thing, a versioned delete makes it too, and does not care about
 * `require_alias`.
 */
function target({ operation, index: name, versioning, requireAlias }: Write, indices: Indices): Index {
  const found = indices.writable(name)
  if (operation === 'delete') {
    if (found !== undefined) return found.index
    return versioning.type === 'internal' ? indices.concrete(name) : indices.create(name)
  }
  if (requireAlias && found?.isAlias !== true) {
    const reason = `no such index [${name}] and [require_alias] request flag is [true] and [${name}] is not an alias`
    throw new Refusal(404, 'index_not_found_exception', reason, { index: name, index_uuid: '_na_' })
  }
  return found?.index ?? indices.create(name)
}

function readUpdate(body: unknown) {
  const { doc, upsert, doc_as_upsert: docAsUpsert = false, ...rest } = isObject(body) ? body : {}
  const [other] = Object.keys(rest)
  if (other !== undefined) throw unsupported(`[${other}] in an update`)
  if (!isObject(doc)) throw unsupported('an update without a [doc]')
  if (upsert !== undefined && !isObject(upsert)) throw unsupported('an [upsert] that is not an object')
  return { doc, upsert: docAsUpsert === true ? doc : upsert }
}
