/**
 * What a cold start costs: the time that a fresh process takes to evaluate a bundle, above that of an empty module; and bytes.
 *
 * | bundle       | is                                                                      |
 * |--------------|-------------------------------------------------------------------------|
 * | `zod`        | the onboarding example's function                                       |
 * | `by hand`    | the same with schemas by hand, without a library: our own part          |
 * | `before`     | `by hand` of the sources at an earlier commit                           |
 * | `powertools` | a function on Powertools' batch processor and parser, the same schemas  |
 */

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { sizeOfLambda } from '../scripts/size.ts'
import { type Bundle, CACHE, makeBundles } from './coldstart/bundles.ts'
import { median } from './processes.ts'
import type { Result } from './result.ts'

/** What today's load is compared with: the last commit before the engine was split into capabilities. */
const BEFORE = 'fc38b63'
const ROUNDS = 41
const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** What the onboarding example reads, or has read at the earlier commit. */
const ENVIRONMENT = {
  INGRESS_STREAM_ARN: 'arn:aws:kinesis:eu-west-1:123456789012:stream/clients-cdc',
  SCHEDULER_ROLE_ARN: 'arn:aws:iam::123456789012:role/scheduler',
  SEARCH_URL: 'https://search.example.com',
  SLACK_TOKEN: 'xoxb-bench',
  STATE_MACHINE_ARN: 'arn:aws:states:eu-west-1:123456789012:stateMachine:reminders',
  STATE_TABLE: 'spaceship-state',
}

export async function measureColdStart(): Promise<Result> {
  const bundles = await makeBundles(BEFORE)
  const ratios: Record<string, number> = {}
  const bars: Record<string, number> = {}
  for (const node of nodes()) {
    const { version, above } = loads(node, bundles)
    const bar = (row: string, ratio: number, most: number) => {
      ratios[`${version}: ${row}`] = rounded(ratio)
      bars[`${version}: ${row}`] = most
    }
    for (const [bundle, milliseconds] of Object.entries(above))
      ratios[`${version}: ${bundle}, ms above an empty module`] = rounded(milliseconds)
    bar('with zod, over Powertools', above.zod / above.powertools, 0.45)
    bar('without a schema library, over Powertools', above['by hand'] / above.powertools, 0.15)
    bar(`our own part, over ${BEFORE}`, above['by hand'] / above.before, 0.56)
  }
  const { load, folders, all } = await sizeOfLambda(ROOT)
  for (const [folder, bytes] of Object.entries(folders))
    ratios[`evaluated at load, KiB: ${folder}`] = kib(bytes)
  ratios['evaluated at load, KiB'] = kib(load)
  ratios['all chunks, KiB'] = kib(all)
  return { ratios, bars: { ...bars, 'evaluated at load, KiB': 64, 'all chunks, KiB': 77.8 } }
}

/** The Node that runs this, and Node 22 where someone has put it. */
function nodes(): readonly string[] {
  const other = `${CACHE}/node-22/node_modules/node/bin/node`
  return [process.execPath, ...(existsSync(other) ? [other] : [])]
}

interface Loads {
  /** `Node 24` */
  readonly version: string
  /** Milliseconds: the median of the rounds, less that of the empty module. */
  readonly above: Readonly<Record<Exclude<Bundle, 'empty'>, number>>
}

function loads(node: string, bundles: Readonly<Record<Bundle, string>>): Loads {
  const { stdout } = spawnSync(node, ['--version'], { encoding: 'utf8' })
  const version = `Node ${/\d+/.exec(stdout)?.[0] ?? stdout}`
  const once = () => ({
    empty: load(node, bundles.empty),
    zod: load(node, bundles.zod),
    'by hand': load(node, bundles['by hand']),
    before: load(node, bundles.before),
    powertools: load(node, bundles.powertools),
  })
  // The first round reads the files from the disk.
  once()
  const rounds = Array.from({ length: ROUNDS }, once)
  const of = (bundle: Bundle) => median(rounds.map((round) => round[bundle]))
  const above = (bundle: Bundle) => of(bundle) - of('empty')
  return {
    version,
    above: {
      zod: above('zod'),
      'by hand': above('by hand'),
      before: above('before'),
      powertools: above('powertools'),
    },
  }
}

function load(node: string, bundle: string): number {
  const script = fileURLToPath(new URL('coldstart/load.mjs', import.meta.url))
  const { stdout, stderr, status } = spawnSync(node, [script, bundle], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, ...ENVIRONMENT },
  })
  const milliseconds = Number(stdout)
  if (status !== 0 || !(milliseconds > 0))
    // The error's stack comes after the line of the bundle that threw, which is all of it.
    throw new Error(`${bundle} could not be loaded:\n${stderr.slice(-2_000)}${stdout}`)
  return milliseconds
}

const kib = (bytes: number) => Number((bytes / 1_024).toFixed(1))

function rounded(value: number): number {
  return Number(value.toFixed(3))
}
