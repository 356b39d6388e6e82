/** Owns the lanes: tests that need a server which not every machine has. A lane's files end in `.<lane>.test.ts`. */

import { run } from './run.ts'

export interface Lane {
  readonly name: string
  readonly what: string
  /** How to get it. */
  readonly how: string
  available(): Promise<boolean>
}

export const lanes: readonly Lane[] = [
  {
    name: 'redis',
    what: 'the reference store against a real Redis',
    how: 'put redis-server on the PATH, for instance: apt-get install redis-server',
    available: () => answers('redis-server', ['--version']),
  },
]

async function answers(command: string, args: readonly string[]): Promise<boolean> {
  try {
    return (await run(command, args)).code === 0
  } catch {
    return false
  }
}
