/**
 * Owns what a fleet of KCL 2.x asks of DynamoDB, as a model by its sources: `DynamoDBLeaseCoordinator`, `DynamoDBLeaseRenewer`, `DynamoDBLeaseTaker`.
 *
 * | what             | how often                                      | units                                                |
 * |------------------|------------------------------------------------|------------------------------------------------------|
 * | renewal          | each `failover / 3 - 25 ms`, for each lease    | 1: a row is less than 1 KB                           |
 * | checkpoint       | after each batch, for each lease               | 1, and none in the renewal's place                   |
 * | scan of the taker | each `2 x (failover + 25 ms)`, by each worker | eventually consistent: 1/2 for each started 4 KB     |
 *
 * Left out, in its favour: what its leader and its shard sync read.
 */

const MINUTE = 60_000
const EPSILON = 25
const BLOCK = 4_096

/** Write units per shard and minute. */
export function kclWrites(failover: number, batchesPerMinute: number): number {
  return MINUTE / (failover / 3 - EPSILON) + batchesPerMinute
}

/** Read units per minute of the fleet. */
export function kclReads(failover: number, workers: number, tableBytes: number): number {
  const scans = (workers * MINUTE) / (2 * (failover + EPSILON))
  return scans * 0.5 * Math.ceil(tableBytes / BLOCK)
}
