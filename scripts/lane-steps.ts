/** Owns how a lane of its own goes on: step by step, each with its seconds; a command that fails ends it with what the command printed. */

import { run } from './run.ts'

/** For npm: nothing but what went wrong, and from its cache what is there. */
export const QUIET = ['--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'] as const

export async function step<T>(what: string, work: () => Promise<T>): Promise<T> {
  const start = performance.now()
  const result = await work()
  console.log(`✓ ${what} (${secondsSince(start)} s)`)
  return result
}

export function secondsSince(start: number): string {
  return ((performance.now() - start) / 1_000).toFixed(1)
}

/** @throws with what it printed, if it fails */
export async function command(within: string, name: string, ...args: readonly string[]): Promise<void> {
  const { code, output } = await run(name, args, within)
  if (code !== 0) throw new Error(`${name} ${args.join(' ')}\n${output}`)
}
