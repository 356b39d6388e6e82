/**
 * Owns the question whose a row of the lease table is. A lease's key names account, stream and shard, so two applications in one
 * table would share the records between them.
 *
 * | the row has                                | the worker                                               |
 * |--------------------------------------------|----------------------------------------------------------|
 * | its `application`                          | takes it                                                 |
 * | another `application`                      | does not start                                           |
 * | no `application`: a KCL fleet made it      | does not start, unless `migrate` says that both share it |
 * | no stream in its key: single-stream mode   | does not start                                           |
 */

import { type Lease, SHARD_END, SINGLE_STREAM } from './lease.ts'

export interface Whose {
  readonly application: string
  /** Rows of a KCL fleet are shared with it. */
  readonly migrate: boolean
}

export function isTakeable({ application }: Lease, { application: ours, migrate }: Whose): boolean {
  return application === ours || (application === undefined && migrate)
}

/** Why a worker may not share these rows. */
export function foreignLeases(leases: readonly Lease[], whose: Whose): string[] {
  const { application, migrate } = whose
  const others = [...new Set(leases.flatMap((lease) => lease.application ?? []))].filter(
    (name) => name !== application,
  )
  const single = leases.some(({ stream }) => stream === SINGLE_STREAM)
  const unmarked = leases.filter(
    (lease) =>
      lease.application === undefined &&
      lease.stream !== SINGLE_STREAM &&
      lease.checkpoint.sequence !== SHARD_END,
  )
  return [
    ...others.map(
      (name) =>
        `the lease table has rows of the application '${name}', and two applications would share its records between them: expected a table of its own in 'leases.table' for each`,
    ),
    ...(single
      ? [
          "the lease table has rows of KCL's single-stream mode, which this worker does not share: expected another table in 'leases.table'",
        ]
      : []),
    ...(unmarked.length > 0 && !migrate
      ? [
          `the lease table has ${unmarked.length} row(s) without an application (first: '${unmarked[0]?.key}'), as a KCL fleet or an earlier version makes them: expected another table in 'leases.table', or 'leases: { migrate: true }' to share these`,
        ]
      : []),
  ]
}
