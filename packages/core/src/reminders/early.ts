/**
 * How far a scheduler's clock may be ahead: the record waits that long. Schedulers never fire early, so what comes before is
 * someone else's; waiting for it would hold the shard until the reminder (or tick) is due.
 */
export const MOST_EARLY = 300_000
