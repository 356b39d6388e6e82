/**
 * Owns OpenSearch nodes of one's own, for the lanes `opensearch2` and `opensearch3`: from the published jars, without the distribution. They
 * listen on the loopback interface, and have no security plugin.
 *
 * The first start of a version fetches its jars with Maven (60 MB) and compiles `opensearch/OpenSearchNode.java`; what comes of it lies in
 * the user's cache.
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { run } from './run.ts'

/** What each lane runs, and the oldest Java that runs it. */
export const VERSIONS = {
  opensearch2: { version: '2.19.6', java: 17 },
  opensearch3: { version: '3.8.0', java: 21 },
} as const

export type OpenSearchLane = keyof typeof VERSIONS

export interface OpenSearchNode {
  readonly url: string
  /** Ends the process, and resolves when it has ended; its data go, unless they were given a folder. */
  stop(signal?: NodeJS.Signals): Promise<void>
}

export interface OpenSearchOptions {
  /** Of the node, as `-E` takes them. */
  readonly settings?: Readonly<Record<string, string>>
  /** Where data stay. @default a folder that goes with the process */
  readonly data?: string
  /** @default chosen by the system */
  readonly port?: number
  /** Flags of the JVM. */
  readonly java?: string
}

/** The first start fetches and compiles. */
const LONGEST_START = 240_000

/** @throws if it does not start */
export async function startOpenSearch(
  lane: OpenSearchLane,
  { settings = {}, data, port = 0, java = '' }: OpenSearchOptions = {},
): Promise<OpenSearchNode> {
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-E', `${name}=${value}`])
  const server = spawn('bash', [fileURLToPath(new URL('opensearch/start.sh', import.meta.url)), ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      OPENSEARCH_PORT: String(port),
      OPENSEARCH_VERSION: VERSIONS[lane].version,
      OPENSEARCH_JAVA_OPTS: java,
      ...(data !== undefined && { OPENSEARCH_DATA: data }),
    },
  })
  const kill = () => void server.kill('SIGKILL')
  process.once('exit', kill)
  const ended = once(server, 'exit')
  const stop = async (signal: NodeJS.Signals = 'SIGTERM') => {
    process.removeListener('exit', kill)
    if (server.exitCode === null && server.signalCode === null) server.kill(signal)
    await ended
  }
  let said = ''
  server.stderr.on('data', (text) => {
    said = `${said}${text}`.slice(-2_000)
  })
  const late = new Promise<undefined>((resolve) => {
    setTimeout(() => resolve(undefined), LONGEST_START).unref()
  })
  const url = await Promise.race([ready(server.stdout), ended.then(() => undefined), late])
  if (url === undefined) {
    await stop('SIGKILL')
    throw new Error(`OpenSearch ${VERSIONS[lane].version} did not start: ${said}`)
  }
  return { url, stop }
}

/** It prints one line. */
function ready(output: NodeJS.ReadableStream): Promise<string> {
  return new Promise((resolve) => {
    let printed = ''
    output.on('data', (text) => {
      printed += text
      const [, url] = /^ready (\S+)\n/.exec(printed) ?? []
      if (url !== undefined) resolve(url)
    })
  })
}

/** Whether there is a JDK that runs it, and a Maven to fetch it. */
export async function canRunOpenSearch(lane: OpenSearchLane): Promise<boolean> {
  const compilers = [
    ...(process.env.JAVA_HOME === undefined ? [] : [`${process.env.JAVA_HOME}/bin/javac`]),
    'javac',
    ...globSync('/usr/lib/jvm/*/bin/javac'),
  ]
  const found = await Promise.all(compilers.map(versionOf))
  return Math.max(...found) >= VERSIONS[lane].java && (await printed('mvn', ['-v'])) !== undefined
}

async function versionOf(compiler: string): Promise<number> {
  return Number(/^javac (\d+)/m.exec((await printed(compiler, ['-version'])) ?? '')?.[1] ?? 0)
}

async function printed(command: string, args: readonly string[]): Promise<string | undefined> {
  try {
    const { code, output } = await run(command, args)
    return code === 0 ? output : undefined
  } catch {
    return undefined
  }
}
