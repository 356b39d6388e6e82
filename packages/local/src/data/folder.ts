/**
 * The folder of a spaceship's data, told by a file that says so. Whatever else is found there stays as it is.
 *
 * | in the folder                       | then                                   |
 * |-------------------------------------|----------------------------------------|
 * | nothing, or the folder is not there | it becomes a spaceship's               |
 * | the mark of this version            | it is one's already                    |
 * | the mark of another version         | refused                                |
 * | anything else                       | refused: it belongs to somebody        |
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { codeOf, SpaceshipError } from '@spaceship/core'

const MARK = 'spaceship.json'
const VERSION = 1
/** Tools put these anywhere. */
const NOBODYS = new Set(['.gitignore', '.DS_Store'])

/**
 * The absolute path, once the folder is a spaceship's.
 *
 * @throws SpaceshipError `local-data-foreign`, `local-data-version`, or `local-data` for a folder that cannot be used
 */
export function dataFolder(given: string): string {
  const folder = resolve(given)
  const names = namesIn(folder)
  const mark = names.includes(MARK) ? read(folder) : ''
  // A process that was killed as it made the folder leaves an empty mark.
  if (mark === '') begin(folder, names)
  else checkVersion(folder, mark)
  return folder
}

function begin(folder: string, names: readonly string[]): void {
  const others = names.filter((name) => name !== MARK && !NOBODYS.has(name))
  if (others.length > 0) {
    const shown = others.slice(0, 3).join("', '")
    throw new SpaceshipError(
      'local-data-foreign',
      `'data' is '${folder}', which holds '${shown}'${others.length > 3 ? ' and more' : ''} and is no data of a spaceship: expected a folder that is empty, not there, or of an earlier launch. Nothing was changed in it`,
    )
  }
  const text = JSON.stringify({ format: 'spaceship', version: VERSION })
  usable(folder, () => {
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, MARK), `${text}\n`)
  })
}

function checkVersion(folder: string, mark: string): void {
  const { format, version } = parsed(mark)
  if (format === 'spaceship' && version === VERSION) return
  const found =
    format === 'spaceship' ? `is of version ${JSON.stringify(version)}` : `has a '${MARK}' of another kind`
  throw new SpaceshipError(
    'local-data-version',
    `'data' is '${folder}', which ${found}: expected version ${VERSION}. Launch with the version of @spaceship/local that made it, or name another folder. Nothing was changed in it`,
  )
}

function namesIn(folder: string): readonly string[] {
  return usable(folder, () => {
    try {
      return readdirSync(folder)
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return []
      throw error
    }
  })
}

function read(folder: string): string {
  return usable(folder, () => readFileSync(join(folder, MARK), 'utf8')).trim()
}

function parsed(mark: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(mark))
  } catch {
    return {}
  }
}

function usable<T>(folder: string, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    throw new SpaceshipError(
      'local-data',
      `'data' is '${folder}', which cannot be used (${codeOf(cause) ?? 'unknown'}): expected a folder that this process may read and write`,
      { cause },
    )
  }
}
