/** Owns the processes of a chaos run, each behind proxies of its own to Kinesis and DynamoDB. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Spaceship } from '@spaceship/local'
import { type Fault, startProxy, type TcpProxy } from '../../../handlers/test/tcp-proxy.ts'

const POD = fileURLToPath(new URL('pod.ts', import.meta.url))
const KCL = fileURLToPath(new URL('../../../../scripts/kcl/start.sh', import.meta.url))

/** The lease table of a fleet, and its stream. */
export const TABLE = 'chaos-leases'
const STREAM = 'cdc'

export const LAYOUTS = ['single-stream', 'multi-stream'] as const

/** Every second process is a worker of the Java Kinesis Client Library, on the same lease table. */
export interface Kcl {
  /** As Maven knows it. */
  readonly version: string
  readonly layout: (typeof LAYOUTS)[number]
}

/** What a handler did: for which key, with which version, and when, by `machineTime`. */
export interface Effect {
  readonly key: string
  readonly n: number
  readonly at: number
  /** Whether a worker of KCL did it. */
  readonly byKcl: boolean
}

export interface Pod {
  readonly name: string
  readonly alive: boolean
  kill(): Promise<void>
  /** As Kubernetes ends it: it drains. */
  stop(): Promise<void>
  freeze(): void
  thaw(): void
  /** Sets its wall clock ahead, or back, by so many milliseconds; needs `faketime`. */
  jump(ms: number): void
  fault(of: 'kinesis' | 'dynamodb', fault: Fault): void
}

export interface Fleet extends AsyncDisposable {
  readonly pods: readonly Pod[]
  start(): Promise<Pod>
  effects(): readonly Effect[]
}

export interface FleetOptions {
  /** The files of its processes. */
  readonly folder: string
  /** Milliseconds. */
  readonly failover: number
  readonly kcl: Kcl | undefined
  /** The library of `faketime`, if clocks are to jump. */
  readonly faketime: string | undefined
}

export function fleetOn(ship: Spaceship, { folder, failover, kcl, faketime }: FleetOptions): Fleet {
  const pods: Pod[] = []
  const files: { readonly path: string; readonly byKcl: boolean }[] = []
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
    const args = [...urls, file, String(failover), TABLE, STREAM]
    const byKcl = kcl !== undefined && pods.length % 2 === 1
    const [command, ...rest] = byKcl
      ? ['bash', KCL, ...args, name, kcl.layout]
      : [process.execPath, '--conditions=@spaceship/source', POD, ...args, ...(kcl ? [kcl.layout] : [])]
    const clock = `${file}.clock`
    writeFileSync(clock, '+0')
    const child = spawn(command, rest, {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: {
        ...process.env,
        ...(kcl && { KCL_VERSION: kcl.version }),
        ...(faketime && faked(faketime, clock)),
      },
    })
    children.push(child)
    files.push({ path: file, byKcl })
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
      jump: (ms) => writeFileSync(clock, `${ms < 0 ? '' : '+'}${ms / 1_000}`),
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
    effects: () =>
      files.flatMap(({ path, byKcl }) =>
        existsSync(path) ? linesOf(readFileSync(path, 'utf8'), byKcl) : [],
      ),
    [Symbol.asyncDispose]: async () => {
      for (const child of children) child.kill('SIGKILL')
      for (const proxy of proxies) await proxy.close()
    },
  }
}

/** The process reads its wall clock's offset from a file; what measures lengths of time stays true. */
function faked(faketime: string, file: string) {
  return {
    LD_PRELOAD: faketime,
    FAKETIME_TIMESTAMP_FILE: file,
    // Seconds: to read the file for each look at the clock slows a JVM down to nothing.
    FAKETIME_CACHE_DURATION: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  }
}

/** A process that was killed in mid-write leaves no half line: one short line is one write. */
function linesOf(text: string, byKcl: boolean): readonly Effect[] {
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const [key = '', n, at] = line.split(' ')
      return { key, n: Number(n), at: Number(at), byKcl }
    })
}
