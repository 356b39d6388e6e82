/**
 * Search: how fast a reactor's `search.index` brings changes into a real OpenSearch, against a program around the official client's own bulk
 * helper that decodes the same records with JSON.parse, `unmarshall` and zod; and the CPU that each takes.
 */

import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { canRunOpenSearch, type OpenSearchLane, startOpenSearch } from '../scripts/opensearch.ts'
import { median } from './processes.ts'
import type { Options, Result } from './result.ts'

const ROUNDS = 5

interface Measured {
  readonly ms: number
  readonly cpu: number
  readonly count: number
}

export async function measureIndex({ built }: Options): Promise<Result> {
  const lane = await laneHere()
  const node = await startOpenSearch(lane, { java: '-XX:TieredStopAtLevel=4 -Xmx1g' })
  try {
    const rounds: { readonly ours: Measured; readonly peer: Measured }[] = []
    for (let n = 0; n <= ROUNDS; n += 1) {
      const ours = await write('ours', node.url, built)
      const peer = await write('helper', node.url, built)
      // The server compiles what it runs often in the first one.
      if (n > 0) rounds.push({ ours, peer })
    }
    const over = (what: 'ms' | 'cpu') =>
      rounded(median(rounds.map(({ ours, peer }) => ours[what] / peer[what])))
    const perSecond = (who: 'ours' | 'peer') =>
      Math.round(median(rounds.map((round) => (round[who].count / round[who].ms) * 1_000)))
    return {
      ratios: {
        'time for 100,000 documents, over the bulk helper': over('ms'),
        'CPU for a document, over the bulk helper': over('cpu'),
        'documents a second': perSecond('ours'),
        'documents a second, bulk helper': perSecond('peer'),
      },
      bars: {
        'time for 100,000 documents, over the bulk helper': 1,
        'CPU for a document, over the bulk helper': 1,
      },
    }
  } finally {
    await node.stop()
  }
}

async function laneHere(): Promise<OpenSearchLane> {
  for (const lane of ['opensearch3', 'opensearch2'] as const) if (await canRunOpenSearch(lane)) return lane
  throw new Error('the bench needs an OpenSearch: put a JDK 17 or later and Maven on the PATH')
}

/** Into an index of its own, without replicas. */
async function write(program: string, url: string, built: boolean): Promise<Measured> {
  const index = `bench-${crypto.randomUUID()}`
  const mappings = { dynamic: false, properties: { name: { type: 'text' }, status: { type: 'keyword' } } }
  await fetch(`${url}/${index}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ settings: { number_of_replicas: 0, number_of_shards: 1 }, mappings }),
  })
  const script = fileURLToPath(new URL('index/write.ts', import.meta.url))
  const conditions = built ? [] : ['--conditions=@spaceship/source']
  const { stdout } = await promisify(execFile)(process.execPath, [...conditions, script, program, url, index])
  await fetch(`${url}/${index}`, { method: 'DELETE' })
  return JSON.parse(stdout)
}

const rounded = (value: number): number => Math.round(value * 1_000) / 1_000
