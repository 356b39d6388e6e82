/** Owns dead letters in a folder: a file for each, for a program on one machine, and for tests. */

import { randomUUID } from 'node:crypto'
import { link, mkdir, open, opendir, readFile, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Unavailable } from '@spaceship/core'
import { bare, check, required, type ShapesOf, text } from '@spaceship/core/adapter'
import type { DeadLetter, DeadLetters } from '@spaceship/core/ports'
import { bytesOf, folderOf, letterIn, nameOf } from '../letters/index.ts'

export interface FolderDeadLettersOptions {
  /** Where they lie. It is made when the first is written. */
  readonly folder: string
}

export const FOLDER = {
  options: bare({
    folder: required(text('the path of a folder')),
  } satisfies ShapesOf<FolderDeadLettersOptions>),
}

/** What lies beside letters that are being written; a death may leave one behind, and nobody takes it for a letter. */
const UNFINISHED = '.unfinished-'

/**
 * DeadLetters in a folder. A letter is written beside its place, and linked to it once it is on the disk: it is whole or absent.
 *
 * @throws ConfigurationError that lists every problem
 * @example
 * const deadLetters = folderDeadLetters({ folder: 'dead-letters' })
 */
export function folderDeadLetters(options: FolderDeadLettersOptions): DeadLetters {
  check('folderDeadLetters', FOLDER, { options })
  const { folder } = options
  const pathOf = (id: string) => join(folder, nameOf(id))

  async function put(letter: DeadLetter): Promise<void> {
    const path = pathOf(letter.id)
    const beside = join(dirname(path), `${UNFINISHED}${randomUUID()}`)
    await mkdir(dirname(path), { recursive: true })
    try {
      const file = await open(beside, 'wx')
      try {
        await file.writeFile(bytesOf(letter))
        await file.sync()
      } finally {
        await file.close()
      }
      // Fails where there is one: the first stays.
      await link(beside, path).catch((error: unknown) => {
        if (codeIn(error) !== 'EEXIST') throw error
      })
    } finally {
      await rm(beside, { force: true })
    }
  }

  async function read(path: string): Promise<DeadLetter | undefined> {
    try {
      return letterIn(await readFile(path), path)
    } catch (error) {
      if (codeIn(error) === 'ENOENT') return undefined
      throw error
    }
  }

  return {
    put: (letter) => told(folder, put(letter)),
    get: (id) => told(folder, read(pathOf(id))),
    remove: (id) => told(folder, rm(pathOf(id), { force: true })),
    list: async function* (application) {
      for await (const path of filesIn(join(folder, folderOf(application)))) {
        const letter = await told(folder, read(path))
        if (letter !== undefined) yield letter
      }
    },
    check: async () => {
      await told(folder, tryOut(folder))
      return undefined
    },
  }
}

/** A volume that many machines share may have files, and no links to them. */
async function tryOut(folder: string): Promise<void> {
  const path = join(folder, `${UNFINISHED}${randomUUID()}`)
  const linked = `${path}-linked`
  await mkdir(folder, { recursive: true })
  try {
    await (await open(path, 'wx')).close()
    await link(path, linked)
  } finally {
    await rm(path, { force: true })
    await rm(linked, { force: true })
  }
}

/** One folder after the other: nothing is held of what was passed. */
async function* filesIn(folder: string): AsyncGenerator<string> {
  const entries = await opendir(folder).catch((error: unknown) => {
    if (codeIn(error) === 'ENOENT') return []
    throw error
  })
  for await (const entry of entries) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) yield* filesIn(path)
    else if (!entry.name.startsWith(UNFINISHED)) yield path
  }
}

const SET_UP: ReadonlyMap<unknown, 'denied' | 'not-found'> = new Map([
  ['EACCES', 'denied'],
  ['EPERM', 'denied'],
  ['EROFS', 'denied'],
  ['ENOTSUP', 'denied'],
  ['EOPNOTSUPP', 'denied'],
  ['ENOSYS', 'denied'],
  ['ENOTDIR', 'not-found'],
] as const)

const OUT: ReadonlySet<unknown> = new Set([
  'ENOSPC',
  'EDQUOT',
  'EIO',
  'EMFILE',
  'ENFILE',
  'EBUSY',
  'ETIMEDOUT',
])

/** @throws Unavailable for a full disk and the like, with `setup` for a folder that may not be written; anything else as it came */
async function told<T>(folder: string, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (cause) {
    const code = codeIn(cause)
    const reason = SET_UP.get(code)
    if (reason !== undefined) {
      const advice = 'give a folder that this process may write to, on a volume with hard links'
      const setup = { reason, resource: `folder '${folder}'`, advice }
      throw new Unavailable('folder', `the folder '${folder}' cannot be used (${code}): ${advice}`, {
        cause,
        setup,
      })
    }
    if (OUT.has(code))
      throw new Unavailable('folder', `the folder '${folder}' takes nothing (${code})`, { cause })
    throw cause
  }
}

function codeIn(error: unknown): string | undefined {
  const { code } = Object(error)
  return typeof code === 'string' ? code : undefined
}
