/** Of the canned stream: enough to keep a reader busy that reads each five times a second. */
export const SHARDS = 8
