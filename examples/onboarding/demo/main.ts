/** `npm run demo [-- --runtime worker|lambda|both] [--kill] [--keep]`: the story, flown by the same reactor on both runtimes. */

import { once } from 'node:events'
import { type Arguments, argumentsOf, USAGE } from './arguments.ts'
import { type Name, type Say, speaker } from './console.ts'
import { printKeep } from './keep.ts'
import { ERROR_WATCH, ONBOARDING } from './programs.ts'
import { placeOfReferences } from './references.ts'
import { printTable } from './report.ts'
import { type Runtime, startLambda, startWorker } from './runtimes.ts'
import { type Pad, preparePad } from './ship.ts'
import { tell } from './story.ts'

interface Flight {
  readonly pad: Pad
  readonly runtime: Runtime
  /** Of the error watch. */
  readonly beside: Runtime
  readonly say: Say
}

const NEXT = `
Next:
  npm test                   all tests that this machine can run
  npm run demo -- --help     kill it in mid-flight, or keep it running
  docs/guides/testing.md     how to test a reactor of your own
  examples/onboarding/src    the reactor that you have just seen`

const wanted = read()
if (wanted === 'help') console.log(USAGE)
else if (wanted !== undefined) process.exitCode = await fly(wanted)

/** Undefined if the arguments are wrong, which it then says. */
function read(): Arguments | 'help' | undefined {
  try {
    return argumentsOf(process.argv.slice(2))
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${USAGE}`)
    process.exitCode = 2
    return undefined
  }
}

/** @returns the exit code */
async function fly({ runtimes, kill, keep }: Arguments): Promise<number> {
  const began = Date.now()
  await using place = await placeOfReferences(process.env)
  console.log(`References are kept in ${place.told}.`)
  const flights = await Promise.all(runtimes.map((name) => prepare(name, place.url, speaker(name, began))))
  const stories = await Promise.all(flights.map(({ pad, runtime, say }) => tell(pad, runtime, say, { kill })))
  // What a runtime says while it ends comes before the table.
  if (!keep) await end(flights)
  const differing = printTable(new Map(flights.map(({ runtime }, i) => [runtime.name, stories[i] ?? []])))
  const came = differing === 0 ? 'Everything came as expected' : `${differing} line(s) differ`
  console.log(`\n${came}, after ${((Date.now() - began) / 1_000).toFixed(1)} s.`)
  if (keep) {
    printKeep(flights)
    await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
    await end(flights)
  } else console.log(NEXT)
  return differing === 0 ? 0 : 1
}

async function prepare(name: Name, referencesUrl: string, say: Say): Promise<Flight> {
  const pad = await preparePad(referencesUrl)
  say(`an embedded spaceship is up: ${Object.keys(pad.ship.endpoints).join(', ')}`)
  const start = name === 'worker' ? startWorker : startLambda
  const [runtime, beside] = await Promise.all([start(pad, ONBOARDING, say), start(pad, ERROR_WATCH, say)])
  say(
    name === 'worker'
      ? `the reactor runs in the worker process ${runtime.pid}, the error watch in ${beside.pid}`
      : 'the reactor and the error watch run as Lambda functions behind event source mappings',
  )
  return { pad, runtime, beside, say }
}

async function end(flights: readonly Flight[]): Promise<void> {
  for (const { runtime, beside, pad } of flights) {
    await Promise.all([runtime, beside].map((one) => one[Symbol.asyncDispose]()))
    await pad[Symbol.asyncDispose]()
  }
}
