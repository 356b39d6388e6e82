import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { SpaceshipError } from '@spaceship/core'
import { openDatabase } from './database.ts'
import { dataFolder } from './folder.ts'
import { NO_SHELF, type Shelf, shelfIn } from './shelf.ts'

/** What a launch keeps, and where. Without a folder nothing is kept. */
export interface ShipData {
  /** Its absolute path. */
  readonly folder: string | undefined
  /** For tables that a part makes for itself. */
  readonly database: DatabaseSync | undefined
  shelf(room: string): Shelf
  /** The path of a file of its own. */
  file(name: string): string | undefined
  close(): void
}

/** Of a spaceship that keeps nothing. */
export const NO_DATA: ShipData = {
  folder: undefined,
  database: undefined,
  shelf: () => NO_SHELF,
  file: () => undefined,
  close() {},
}

/**
 * Takes the folder for this process until it is closed, or until the process ends, however it ends.
 *
 * @throws SpaceshipError `local-data-taken` while another spaceship has it, and what {@link dataFolder} throws
 */
export function openData(given: string | undefined): ShipData {
  if (given === undefined) return NO_DATA
  const folder = dataFolder(given)
  const database = taken(folder)
  return {
    folder,
    database,
    shelf: (room) => shelfIn(database, room),
    file: (name) => join(folder, name),
    close: () => database.close(),
  }
}

/** SQLite's lock is one of the system: a process that is gone holds none. */
function taken(folder: string): DatabaseSync {
  try {
    return openDatabase(join(folder, 'spaceship.sqlite'), { alone: true })
  } catch (cause) {
    if (isBusy(cause)) {
      throw new SpaceshipError(
        'local-data-taken',
        `'data' is '${folder}', which another spaceship uses at the moment: close it, or name another folder`,
        { cause },
      )
    }
    throw new SpaceshipError(
      'local-data',
      `'data' is '${folder}', whose file 'spaceship.sqlite' cannot be opened: expected a folder that this process may write, and a file that is whole`,
      { cause },
    )
  }
}

const SQLITE_BUSY = 5

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY
}
