/** Owns the function of `spaceship dev`: the project's Lambda module behind an event source mapping for each stream. */

import { systemClock } from '@spaceship/core/ports'
import type { Mapping, Spaceship } from '@spaceship/local'
import type { Bundle } from '../project/index.ts'
import type { Runtime, RuntimeOptions, Variables } from './runtime.ts'

/** Milliseconds. What waits for its next attempt waits on, for the next session. */
const LONGEST_DRAIN = 5_000

/** Milliseconds between reads that find nothing: a person waits for what comes of a write. */
const POLL = 100

export function lambdaRuntime(
  ship: Pick<Spaceship, 'lambda'>,
  application: string,
  { streams, execArgv, print }: RuntimeOptions,
): Runtime {
  const mappings = new Map<string, Mapping>()

  async function run({ file }: Bundle, variables: Variables): Promise<void> {
    for (const stream of streams) {
      const mapping = mappings.get(stream)
      if (mapping !== undefined) await mapping.update({ handler: file, environment: variables })
      else
        mappings.set(
          stream,
          await ship.lambda({
            handler: file,
            functionName: application,
            stream,
            environment: variables,
            execArgv,
            pollIntervalMs: POLL,
            log: print,
          }),
        )
    }
  }

  return {
    run,
    // A mapping starts a process for the next batch.
    ended: false,
    [Symbol.asyncDispose]: async () => {
      await Promise.all([...mappings.values()].map(drained))
    },
  }
}

/** Invocations that run may end; what the mapping has not handed over yet stays on the stream. */
async function drained(mapping: Mapping): Promise<void> {
  const over = new AbortController()
  const late = systemClock.sleep(LONGEST_DRAIN, over.signal)
  // It rejects only once the mapping is closed, below.
  await Promise.race([mapping.idle().catch(() => {}), late])
  over.abort()
  await mapping.close()
}
