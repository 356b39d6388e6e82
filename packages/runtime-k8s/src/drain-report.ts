/** What a drain came to. */
export interface DrainReport {
  /** Everything that had been read is done or kept, and no lease was lost meanwhile. */
  readonly complete: boolean
  /** Leases that were held as it began. */
  readonly leases: number
  /** Positions that the next owner reads again. */
  readonly unfinished: number
}
