/** Owns what processes of `spaceship dev` tell of their records: over a socket of this machine, a line of JSON for each. */

import { rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Explanation, Step } from '@spaceship/core/engine'

/** What became of a record for one route, or for now. */
export interface Outcome {
  readonly kind: 'outcome'
  /** `clients 'acme' created` */
  readonly what: string
  /** `reactor/route`; '' for the record itself. */
  readonly route: string
  readonly step: Exclude<Step['step'], 'taken' | 'started' | 'unwanted'>
  readonly attempt: number
  readonly detail?: string
  /** Until it comes back. */
  readonly waitMs?: number
  /** Since the route took the record. */
  readonly ms: number
}

/** No route took the record. */
export interface Unwanted {
  readonly kind: 'unwanted'
  readonly what: string
  readonly why: readonly Explanation[]
}

/** An engine was made, with these routes: `reactor/route`. */
export interface Routes {
  readonly kind: 'routes'
  readonly routes: readonly string[]
}

/** What happened to a record. */
export type Happened = Outcome | Unwanted

export type Told = Happened | Routes

export interface Trail extends AsyncDisposable {
  /** For `SPACESHIP_TRAIL` of the processes. */
  readonly path: string
}

export async function listenForTrail(hear: (told: Told) => void): Promise<Trail> {
  const name = `spaceship-${process.pid}-${crypto.randomUUID().slice(0, 8)}`
  const path = process.platform === 'win32' ? `\\\\.\\pipe\\${name}` : join(tmpdir(), `${name}.sock`)
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => {})
    createInterface(socket).on('line', (line) => {
      const told = toldIn(line)
      if (told !== undefined) hear(told)
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(path, resolve)
  })
  return {
    path,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
      rmSync(path, { force: true })
    },
  }
}

function toldIn(line: string): Told | undefined {
  try {
    const told: unknown = JSON.parse(line)
    // Written by `told.ts` alone; a process that is killed may leave half a line.
    return typeof Object(told).kind === 'string' ? (told as Told) : undefined
  } catch {
    return undefined
  }
}
