/** Owns what the demo may be told on the command line. */

import { parseArgs } from 'node:util'
import type { Name } from './console.ts'

export interface Arguments {
  readonly runtimes: readonly Name[]
  readonly kill: boolean
  readonly keep: boolean
}

export const USAGE = `npm run demo [-- OPTIONS]

A service saves clients in DynamoDB. One reactor tells Slack, keeps a search
index and reminds who has not started the tutorial, on a Kubernetes worker and
on Lambda; another one counts the errors in their logs. All of AWS is embedded
in this process: no account, no Docker. References are kept in the Redis of
REDIS_URL, the Memcached of MEMCACHED_URL, or in a redis-server or memcached on
the PATH. The demo checks what came of each write, and takes about 15 s.

  --runtime worker|lambda|both   where the reactor runs (both)
  --kill   kills the runtime in mid-flight with SIGKILL, and waits until what it
           left open is decided: about 25 s
  --keep   leaves everything running, and says how to save a client by hand
  --help   shows this`

const CHOICES: Readonly<Record<string, readonly Name[]>> = {
  both: ['worker', 'lambda'],
  worker: ['worker'],
  lambda: ['lambda'],
}

/**
 * `'help'` if it was asked for.
 *
 * @throws Error with what is wrong
 */
export function argumentsOf(args: readonly string[]): Arguments | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      runtime: { type: 'string', default: 'both' },
      kill: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return 'help'
  const runtimes = CHOICES[values.runtime]
  if (runtimes === undefined)
    throw new Error(`--runtime is '${values.runtime}': expected worker, lambda or both`)
  return { runtimes, kill: values.kill, keep: values.keep }
}
