/** `npm run demo [-- --runtime worker|lambda|both] [--kill] [--keep]`: the story, flown by the same reactor on both runtimes. */

import { once } from 'node:events'
import { parseArgs, styleText } from 'node:util'
import { printKeep } from './keep.ts'
import { printTable } from './report.ts'
import { type Runtime, startLambda, startWorker } from './runtimes.ts'
import { type Pad, preparePad } from './ship.ts'
import { tell } from './story.ts'

type Name = Runtime['name']

const COLORS = { worker: 'cyan', lambda: 'magenta' } as const
const CHOICES: Readonly<Record<string, readonly Name[]>> = {
  both: ['worker', 'lambda'],
  worker: ['worker'],
  lambda: ['lambda'],
}

const { values } = parseArgs({
  options: {
    runtime: { type: 'string', default: 'both' },
    kill: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
  },
})
const names = CHOICES[values.runtime]
if (names === undefined) {
  console.error(`--runtime ${values.runtime} is not worker, lambda or both`)
  process.exit(2)
}

const began = Date.now()
const flights = await Promise.all(names.map(prepare))
const stories = await Promise.all(flights.map(({ pad, runtime, say }) => tell(pad, runtime, say, values)))
const differing = printTable(new Map(flights.map(({ runtime }, i) => [runtime.name, stories[i] ?? []])))
console.log(
  `\n${differing === 0 ? 'Everything came as expected' : `${differing} line(s) differ`}, after ${((Date.now() - began) / 1_000).toFixed(1)} s.`,
)
if (values.keep) {
  printKeep(flights)
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
}
for (const { runtime, pad } of flights) {
  await runtime[Symbol.asyncDispose]()
  await pad[Symbol.asyncDispose]()
}
process.exitCode = differing === 0 ? 0 : 1

async function prepare(
  name: Name,
): Promise<{ readonly pad: Pad; readonly runtime: Runtime; readonly say: (line: string) => void }> {
  const say = (line: string) => {
    const at = ((Date.now() - began) / 1_000).toFixed(1).padStart(5)
    console.log(`${styleText('dim', `${at} s`)}  ${styleText(COLORS[name], name)}  ${line}`)
  }
  const pad = await preparePad()
  say(`an embedded spaceship is up: ${Object.keys(pad.ship.endpoints).join(', ')}`)
  const runtime = await (name === 'worker' ? startWorker : startLambda)(pad, say)
  say(
    name === 'worker'
      ? `the reactor runs in the worker process ${runtime.pid}`
      : 'the reactor runs as a Lambda function behind an event source mapping',
  )
  return { pad, runtime, say }
}
