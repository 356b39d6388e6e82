/** Owns the run of the fuzz: each call is answered in time with less than a 500, by a process that goes on. */

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { request } from 'node:http'
import { fileURLToPath } from 'node:url'
import { type Call, callOf } from './calls.ts'

export interface Finding {
  readonly seed: number
  readonly why: string
  readonly call: string
}

export interface Report {
  readonly runs: number
  /** How often each status was answered, by endpoint. */
  readonly statuses: Readonly<Record<string, number>>
  readonly findings: readonly Finding[]
}

/** Milliseconds: far beyond what any call costs, also where many tests share a machine. */
const PATIENCE = 10_000
const AT_ONCE = 4
const MOST_FINDINGS = 20

/** Sends the calls of the seeds from `seed` on to a spaceship in a process of its own; ends early once there are many findings. */
export async function fuzzLocal(seed: number, runs: number): Promise<Report> {
  const statuses: Record<string, number> = {}
  const findings: Finding[] = []
  let ship = await launched()
  let done = 0

  const lane = async () => {
    while (done < runs && findings.length < MOST_FINDINGS) {
      const at = seed + done
      done += 1
      const call = callOf(at)
      const outcome = await answerTo(call, ship.endpoints[call.endpoint] ?? '')
      const key = `${call.endpoint} ${outcome}`
      statuses[key] = (statuses[key] ?? 0) + 1
      if (Number(outcome) < 500) continue
      const why = ship.child.exitCode === null ? `answered ${outcome}` : `the process ended: ${ship.last()}`
      findings.push({ seed: at, why, call: describe(call) })
      if (ship.child.exitCode !== null) ship = await launched()
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, lane))
  ship.child.disconnect()
  await once(ship.child, 'exit')
  return { runs: done, statuses, findings }
}

async function launched() {
  const execArgv = ['--conditions=@spaceship/source']
  const child: ChildProcess = fork(fileURLToPath(new URL('./ship.ts', import.meta.url)), [], {
    execArgv,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  let told = ''
  child.stderr?.on('data', (chunk) => {
    told = (told + chunk).slice(-2_000)
  })
  // Safe: `ship.ts` sends this once, and nothing else.
  const [endpoints] = (await once(child, 'message')) as [Readonly<Record<string, string>>]
  return { child, endpoints, last: () => told }
}

/** The status, or the name of what came instead. */
function answerTo({ method, path, headers, body }: Call, url: string): Promise<string> {
  return new Promise((resolve) => {
    const sent = request(`${url}${path}`, { method, headers: { ...headers, 'content-length': body.length } })
    sent.setTimeout(PATIENCE, () => sent.destroy(Object.assign(new Error(), { code: 'no answer' })))
    sent.on('error', (error) => resolve('code' in error ? String(error.code) : error.name))
    sent.on('response', (response) => {
      response.resume().on('end', () => resolve(String(response.statusCode)))
    })
    sent.end(body)
  })
}

function describe({ endpoint, method, path, headers, body }: Call): string {
  return `${endpoint} ${method} ${path} ${headers['x-amz-target'] ?? ''} ${JSON.stringify(headers)} ${body.toString().slice(0, 1_500)}`
}
