/**
 * Whether a write goes ahead, and which version it leaves. A deleted document stays as a *tombstone* with its version for a while;
 * it counts as current.
 *
 * | version type   | goes ahead if the version given is | leaves                         |
 * |----------------|------------------------------------|--------------------------------|
 * | `internal`     | not given                          | the current one + 1, at first 1 |
 * | `external`     | higher than the current            | the one given                  |
 * | `external_gte` | not lower than the current         | the one given                  |
 */
import { illegalArgument } from './refusal.ts'

export type Versioning =
  | { readonly type: 'internal'; readonly ifSeqNo?: bigint; readonly ifPrimaryTerm?: bigint }
  | { readonly type: 'external' | 'external_gte'; readonly version: bigint }

export interface Current {
  readonly version: bigint
  readonly seqNo: number
  readonly deleted: boolean
}

/** The version that the write leaves, or why it conflicts. */
export function nextVersion(
  current: Current | undefined,
  versioning: Versioning,
): bigint | { readonly conflict: string } {
  if (versioning.type === 'internal') return nextInternal(current, versioning)
  const { type, version } = versioning
  if (current && (type === 'external' ? current.version >= version : current.version > version)) {
    const relation = type === 'external' ? 'higher or equal to' : 'higher than'
    return { conflict: `current version [${current.version}] is ${relation} the one provided [${version}]` }
  }
  return version
}

function nextInternal(
  current: Current | undefined,
  { ifSeqNo, ifPrimaryTerm }: Versioning & { type: 'internal' },
) {
  if (ifSeqNo !== undefined) {
    const required = `required seqNo [${ifSeqNo}], primary term [${ifPrimaryTerm}].`
    if (!current || current.deleted) return { conflict: `${required} but no document was found` }
    if (ifSeqNo !== BigInt(current.seqNo) || ifPrimaryTerm !== 1n) {
      return { conflict: `${required} current document has seqNo [${current.seqNo}] and primary term [1]` }
    }
  }
  return (current?.version ?? 0n) + 1n
}

/** What a request says about versions, in the words of the query string or of a bulk action. */
export interface VersionFields {
  readonly version?: unknown
  readonly version_type?: unknown
  readonly if_seq_no?: unknown
  readonly if_primary_term?: unknown
}

/**
 * The versioning that a request asks for; what OpenSearch refuses to validate is added to `problems`.
 *
 * @throws Refusal for what OpenSearch cannot even parse
 */
export function readVersioning(
  fields: VersionFields,
  operation: 'index' | 'create' | 'delete' | 'update',
  problems: string[],
): Versioning {
  const version = long('version', fields.version)
  const ifSeqNo = long('if_seq_no', fields.if_seq_no)
  const ifPrimaryTerm = long('if_primary_term', fields.if_primary_term)
  const type = fields.version_type ?? 'internal'
  if (type !== 'internal' && type !== 'external' && type !== 'external_gte')
    throw illegalArgument(`No version type match [${type}]`)

  const external = type !== 'internal'
  if (operation === 'create' && (external || version !== undefined)) {
    problems.push('create operations only support internal versioning. use index instead')
  } else if (
    operation === 'update' ? external || version !== undefined : !external && version !== undefined
  ) {
    problems.push(
      'internal versioning can not be used for optimistic concurrency control. Please use `if_seq_no` and `if_primary_term` instead',
    )
  } else if (external && (version === undefined || version < 0n)) {
    problems.push(`illegal version value [${version ?? -3}] for version type [${type.toUpperCase()}]`)
  }
  if (ifSeqNo !== undefined && external) problems.push('compare and write operations can not use versioning')
  if ((ifSeqNo === undefined) !== (ifPrimaryTerm === undefined)) {
    problems.push('if_seq_no and if_primary_term must be given together')
  }
  if (external) return { type, version: version ?? -3n }
  return {
    type,
    ...(ifSeqNo === undefined ? {} : { ifSeqNo }),
    ...(ifPrimaryTerm === undefined ? {} : { ifPrimaryTerm }),
  }
}

const LARGEST_LONG = 2n ** 63n - 1n

export function long(name: string, value: unknown): bigint | undefined {
  if (value === undefined) return undefined
  if (/^-?\d{1,19}$/.test(String(value))) {
    const parsed = BigInt(String(value))
    if (parsed <= LARGEST_LONG && parsed >= -LARGEST_LONG - 1n) return parsed
  }
  throw illegalArgument(`Failed to parse long parameter [${name}] with value [${value}]`)
}
