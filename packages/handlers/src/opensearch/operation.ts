/** Owns what a write looks like in a bulk request: an action, and the document if there is one, a line each. */

import { Permanent } from '@spaceship/core'
import type { Operation } from './bulk.ts'

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

/** @throws Permanent for an id or a version that OpenSearch never takes */
export function operationOf({ id, version, document }: Write): Operation {
  const bytes = Buffer.byteLength(id)
  if (bytes === 0 || bytes > LONGEST_ID)
    throw new Permanent(`a document id has 1 to ${LONGEST_ID} bytes, this one ${bytes}`)
  if (!Number.isSafeInteger(version) || version < 0)
    throw new Permanent('a version must be a non-negative whole number below 2^53')
  const head = `{"_id":${JSON.stringify(id)},"version":${version},"version_type":"${VERSIONS}"}`
  const lines = document === undefined ? `{"delete":${head}}\n` : `{"index":${head}}\n${document}\n`
  return { id, lines }
}
