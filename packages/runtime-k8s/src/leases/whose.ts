/**
 * Owns the question whose a row of the lease table is, and how the table's rows name their shards. A lease's key names a shard, so two
 * applications in one table would share the records between them.
 *
 * | the row has                                | the worker                                               |
 * |--------------------------------------------|----------------------------------------------------------|
 * | its `application`                          | takes it                                                 |
 * | another `application`                      | does not start                                           |
 * | no `application`: a KCL fleet made it      | does not start, unless `migrate` says that both share it |
 *
 * | the table's rows                           | are read and made in the layout                          |
 * |--------------------------------------------|----------------------------------------------------------|
 * | all name a stream                          | multi-stream                                             |
 * | none names one                             | single-stream, for a worker of one stream                |
 * | there is none                              | that the options ask for, else multi-stream              |
 */

import { type Layout, type Lease, SHARD_END, SINGLE_STREAM } from './lease.ts'

export interface Whose {
  readonly application: string
  /** Rows of a KCL fleet are shared with it. */
  readonly migrate: boolean
  /** That of a table without rows. */
  readonly layout: Layout | undefined
  /** The worker's. */
  readonly streams: readonly unknown[]
}

export function isTakeable(
  { application }: Lease,
  { application: ours, migrate }: Pick<Whose, 'application' | 'migrate'>,
): boolean {
  return application === ours || (application === undefined && migrate)
}

/** How the rows of a table name their shards. */
export function layoutOf(leases: readonly Pick<Lease, 'stream'>[], asked: Layout | undefined): Layout {
  const [first] = leases
  if (first === undefined) return asked ?? 'multi-stream'
  return first.stream === SINGLE_STREAM ? 'single-stream' : 'multi-stream'
}

/** Why a worker may not share these rows. */
export function foreignLeases(leases: readonly Lease[], whose: Whose): string[] {
  const { application, migrate } = whose
  const others = [...new Set(leases.flatMap((lease) => lease.application ?? []))].filter(
    (name) => name !== application,
  )
  const unmarked = leases.filter(
    (lease) => lease.application === undefined && lease.checkpoint.sequence !== SHARD_END,
  )
  return [
    ...others.map(
      (name) =>
        `the lease table has rows of the application '${name}', and two applications would share its records between them: expected a table of its own in 'leases.table' for each`,
    ),
    ...layoutProblems(leases, whose),
    ...(unmarked.length > 0 && !migrate
      ? [
          `the lease table has ${unmarked.length} row(s) without an application (first: '${unmarked[0]?.key}'), as a KCL fleet or an earlier version makes them: expected another table in 'leases.table', or 'leases: { migrate: true }' to share these`,
        ]
      : []),
  ]
}

function layoutProblems(leases: readonly Lease[], { layout, streams }: Whose): string[] {
  if (leases.length === 0) return []
  const found = layoutOf(leases, layout)
  if (leases.some((lease) => layoutOf([lease], layout) !== found))
    return [
      "the lease table has rows of both of KCL's modes, single-stream and multi-stream: expected those of one; delete those that no fleet uses, or name another table in 'leases.table'",
    ]
  return [
    ...(layout !== undefined && layout !== found
      ? [
          `'leases.layout' is '${layout}', and the rows of the lease table are ${found}: expected that, or no 'layout', or another table in 'leases.table'`,
        ]
      : []),
    ...(found === 'single-stream' && streams.length > 1
      ? [
          `the rows of the lease table name no stream, as in KCL's single-stream mode, and 'streams' has ${streams.length}: expected one stream, or another table in 'leases.table'`,
        ]
      : []),
  ]
}
