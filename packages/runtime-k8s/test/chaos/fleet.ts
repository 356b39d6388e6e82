/** Owns the processes of a chaos run, each behind proxies of its own to Kinesis and DynamoDB. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Spaceship } from '@spaceship/local'
import { type Fault, startProxy, type TcpProxy } from '../../../handlers/test/tcp-proxy.ts'

const POD = fileURLToPath(new URL('pod.ts', import.meta.url))

/** What a handler did: for which key, with which version, and when, in milliseconds since 1970. */
export interface Effect {
  readonly key: string
  readonly n: number
  readonly at: number
}

export interface Pod {
  readonly name: string
  readonly alive: boolean
  kill(): Promise<void>
  /** As Kubernetes ends it: it drains. */
  stop(): Promise<void>
  freeze(): void
  thaw(): void
  fault(of: 'kinesis' | 'dynamodb', fault: Fault): void
}

export interface Fleet extends AsyncDisposable {
  readonly pods: readonly Pod[]
  start(): Promise<Pod>
  effects(): readonly Effect[]
}

export function fleetOn(ship: Spaceship, folder: string, failover: number): Fleet {
  const pods: Pod[] = []
  const files: string[] = []
  const proxies: TcpProxy[] = []
  const children: ChildProcess[] = []

  async function start(): Promise<Pod> {
    const name = `pod-${pods.length}`
    const file = join(folder, name)
    const [kinesis, dynamodb] = await Promise.all(
      [ship.endpoints.kinesis, ship.endpoints.dynamodb].map((url) => startProxy(Number(new URL(url).port))),
    )
    if (kinesis === undefined || dynamodb === undefined) throw new Error('both proxies were started')
    proxies.push(kinesis, dynamodb)
    const urls = [kinesis, dynamodb].map(({ port }) => `http://127.0.0.1:${port}`)
    const child = spawn(
      process.execPath,
      ['--conditions=@spaceship/source', POD, ...urls, file, String(failover)],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    )
    children.push(child)
    files.push(file)
    const gone = once(child, 'exit')
    const pod: Pod = {
      name,
      get alive() {
        return child.exitCode === null && child.signalCode === null
      },
      kill: async () => {
        child.kill('SIGKILL')
        await gone
      },
      stop: async () => {
        child.kill('SIGTERM')
        await gone
      },
      freeze: () => void child.kill('SIGSTOP'),
      thaw: () => void child.kill('SIGCONT'),
      fault: (of, fault) => {
        const proxy = of === 'kinesis' ? kinesis : dynamodb
        proxy.fault = fault
      },
    }
    pods.push(pod)
    return pod
  }

  return {
    pods,
    start,
    effects: () => files.flatMap((file) => (existsSync(file) ? linesOf(readFileSync(file, 'utf8')) : [])),
    [Symbol.asyncDispose]: async () => {
      for (const child of children) child.kill('SIGKILL')
      for (const proxy of proxies) await proxy.close()
    },
  }
}

/** A process that was killed in mid-write leaves no half line: one short line is one write. */
function linesOf(text: string): readonly Effect[] {
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const [key = '', n, at] = line.split(' ')
      return { key, n: Number(n), at: Number(at) }
    })
}
