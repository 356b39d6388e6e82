/** Owns the programs that fly: the files of each, and what they read beside what both read. */

export interface Program {
  readonly name: string
  /** The folder of its `worker.ts` and `lambda.ts`. */
  readonly sources: URL
  readonly stream: string
  /** As a pod has it. */
  readonly variables: Readonly<Record<string, string>>
}

export const ONBOARDING: Program = {
  name: 'onboarding',
  sources: new URL('../src/', import.meta.url),
  stream: 'clients-cdc',
  variables: { STREAMS: 'clients-cdc', FAILOVER: '2s', POLL_INTERVAL: '200ms' },
}

export const ERROR_WATCH: Program = {
  name: 'error-watch',
  sources: new URL('../../error-watch/src/', import.meta.url),
  stream: 'error-watch',
  // The demo puts the ticks.
  variables: { STREAM: 'error-watch', TICKS: 'scheduler' },
}
