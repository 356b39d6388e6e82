/**
 * Owns how commands find the ship that `spaceship dev` runs: a file in the project's folder, for as long as it runs.
 */

import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SpaceshipError } from '@spaceship/core'
import type { Project } from '../project/index.ts'

export interface RunningShip {
  /** Of the process that runs it. */
  readonly pid: number
  readonly application: string
  /** What leads a process to the ship. */
  readonly environment: Readonly<Record<string, string>>
}

const FILE = 'ship.json'
/** Milliseconds. The ship answers at once, or it is not there. */
const PATIENCE = 2_000

/** Says where the ship is. @returns takes that back */
export function announce({ folder }: Pick<Project, 'folder'>, ship: RunningShip): () => void {
  const file = join(folder, FILE)
  // Credentials of the ship open nothing else, but what a user adds may.
  writeFileSync(file, JSON.stringify(ship, null, 2), { mode: 0o600 })
  return () => rmSync(file, { force: true })
}

/** @throws SpaceshipError `no-ship` if none runs in this project */
export async function runningShip(project: Pick<Project, 'folder' | 'root'>): Promise<RunningShip> {
  const ship = said(join(project.folder, FILE))
  if (ship !== undefined && (await answers(ship))) return ship
  throw new SpaceshipError(
    'no-ship',
    `no ship runs in ${project.root}: start one with 'spaceship dev', in another terminal`,
  )
}

function said(file: string): RunningShip | undefined {
  try {
    const ship: unknown = JSON.parse(readFileSync(file, 'utf8'))
    // Written by `announce` alone.
    return typeof Object(ship).environment === 'object' ? (ship as RunningShip) : undefined
  } catch {
    return undefined
  }
}

/** A process that was killed leaves its file behind, and another may have its number by now. */
async function answers({ environment }: RunningShip): Promise<boolean> {
  try {
    const answer = await fetch(environment.AWS_ENDPOINT_URL_DYNAMODB ?? '', {
      signal: AbortSignal.timeout(PATIENCE),
    })
    await answer.body?.cancel()
    return answer.headers.get('server') === 'spaceship'
  } catch {
    return false
  }
}
