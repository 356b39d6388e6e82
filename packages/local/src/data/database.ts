import { DatabaseSync } from 'node:sqlite'

/**
 * Opens a file that loses nothing when the process is killed: what is written is in the system's hands when the call returns.
 *
 * @param alone while it is open, no other connection opens it; the system lets go of it when the process ends, however it ends
 * @throws Error of SQLite, `database is locked` where another connection has it alone
 */
export function openDatabase(file: string, { alone = false } = {}): DatabaseSync {
  const database = new DatabaseSync(file)
  try {
    if (alone) database.exec('pragma locking_mode = exclusive')
    // A write is appended to a log: nothing waits for the disk, and a kill leaves no half of it.
    database.exec('pragma journal_mode = wal; pragma synchronous = normal')
    if (alone) database.exec('begin exclusive; commit')
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

/** Everything that `work` writes is kept, or nothing. Not within itself. */
export function atomic<T>(database: DatabaseSync | undefined, work: () => T): T {
  if (database === undefined) return work()
  database.exec('begin')
  try {
    const result = work()
    database.exec('commit')
    return result
  } catch (error) {
    database.exec('rollback')
    throw error
  }
}
