/**
 * Owns what OpenSearch refuses by its form, whatever an index holds and however it is mapped.
 *
 * | what                                                                   | refused as                     |
 * |------------------------------------------------------------------------|--------------------------------|
 * | the name of an index that has upper case, or one of `FORBIDDEN`        | `invalid_index_name_exception` |
 * | one that begins with `_`, `-` or `+`, and `.` and `..`                 | the same                       |
 * | one that is longer than 255 bytes                                      | the same                       |
 * | a field of the document itself whose name is one of OpenSearch's own   | `mapper_parsing_exception`     |
 */

export interface Refused {
  readonly status: number
  readonly error: { readonly type: string }
}

/** https://docs.opensearch.org/latest/api-reference/index-apis/create-index/#index-naming-restrictions */
const FORBIDDEN = /[\\/*?"<>| ,#:]/

const LONGEST = 255

/** @param name of an index that is to be made */
export function refusedName(name: string): Refused | undefined {
  const isFine =
    name === name.toLowerCase() &&
    !FORBIDDEN.test(name) &&
    !/^[_+-]|^\.{0,2}$/.test(name) &&
    Buffer.byteLength(name) <= LONGEST
  return isFine ? undefined : { status: 400, error: { type: 'invalid_index_name_exception' } }
}

/** Fields that are no document's. */
const METADATA: ReadonlySet<string | undefined> = new Set([
  ...['_id', '_index', '_source', '_routing', '_version', '_seq_no', '_field_names', '_ignored'],
  ...['_nested_path', '_data_stream_timestamp', '_feature'],
])

export function refusedDocument(document: object): Refused | undefined {
  // A name with dots is a path.
  const isRefused = Object.keys(document).some((name) => METADATA.has(name.split('.')[0]))
  return isRefused ? { status: 400, error: { type: 'mapper_parsing_exception' } } : undefined
}
