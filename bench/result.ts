/** What a bench is told, and what it answers. */

export interface Options {
  /** Measures the package as it was built. */
  readonly built: boolean
}

export interface Result {
  readonly ratios: Readonly<Record<string, number>>
  /** What a ratio may be at most. */
  readonly bars: Readonly<Record<string, number>>
}
