/** Owns what a write looks like in a bulk request: an action, and the document if there is one, a line each. */

import { Permanent } from '@spaceship/core'

/** OpenSearch's own limit on ids, in bytes. A longer one in a bulk fails all of it. */
const LONGEST_ID = 512

/**
 * Of two changes in one instant the later in the stream stands, and a repeat rewrites the same. Lower versions are refused.
 * https://docs.opensearch.org/latest/api-reference/document-apis/bulk/
 */
const VERSIONS = 'external_gte'

export interface Write {
  readonly id: string
  readonly version: number
  /** As JSON; undefined where it is removed. */
  readonly document: string | undefined
}

/** A write as its lines of a bulk request. */
export interface Operation {
  readonly id: string
  /** The action's line, with its newline. */
  readonly action: string
  /** The document's line, without its newline; undefined where it is removed. */
  readonly document: string | undefined
  /** Bytes of the lines, with their newlines. */
  readonly size: number
}

/** @throws Permanent for an id or a version that OpenSearch never takes */
export function operationOf({ id, version, document }: Write): Operation {
  const bytes = Buffer.byteLength(id)
  if (bytes === 0 || bytes > LONGEST_ID)
    throw new Permanent(`a document id has 1 to ${LONGEST_ID} bytes, this one ${bytes}`)
  if (!id.isWellFormed())
    throw new Permanent(
      'a document id is text without halves of surrogate pairs: OpenSearch takes all of them for one',
    )
  if (!Number.isSafeInteger(version) || version < 0)
    throw new Permanent('a version must be a non-negative whole number below 2^53')
  const head = `{"_id":${JSON.stringify(id)},"version":${version},"version_type":"${VERSIONS}"}`
  const action = document === undefined ? `{"delete":${head}}\n` : `{"index":${head}}\n`
  const size = Buffer.byteLength(action) + (document === undefined ? 0 : Buffer.byteLength(document) + 1)
  return { id, action, document, size }
}

/** A removal of a document as it was when it was found: of one that was written since, or is gone, nothing is removed. Alone of all writes it makes no index. */
export function removalOf(id: string, seqNo: number, primaryTerm: number): Operation {
  const head = `{"_id":${JSON.stringify(id)},"if_seq_no":${seqNo},"if_primary_term":${primaryTerm}}`
  const action = `{"delete":${head}}\n`
  return { id, action, document: undefined, size: Buffer.byteLength(action) }
}

/**
 * The body of a bulk request. As bytes: the texts of thousands of documents are copied once, into the place from which they are sent, and
 * one of them that has letters beyond Latin-1 makes none of the others wider.
 */
export function bodyOf(operations: readonly Operation[]): Buffer {
  const body = Buffer.allocUnsafe(operations.reduce((sum, { size }) => sum + size, 0))
  let at = 0
  for (const { action, document } of operations) {
    at += body.write(action, at)
    if (document === undefined) continue
    at += body.write(document, at)
    at += body.write('\n', at)
  }
  return body
}
