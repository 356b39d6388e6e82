/** Owns noticing that a project's files have changed. */

import { basename, relative, sep } from 'node:path'
import { watch } from 'chokidar'

export interface Changes extends AsyncDisposable {
  /** Resolves once something has changed since the last call, and nothing more for a moment; undefined once it is disposed of. */
  next(): Promise<true | undefined>
  close(): Promise<void>
}

/** Editors write a file in several steps, and tools several files. */
const MOMENT = 60

const IGNORED = new Set(['node_modules', '.git', '.spaceship', 'dist'])

/** @param others folders within it that are none of the project's */
export async function changesIn(root: string, others: readonly string[]): Promise<Changes> {
  const watcher = watch(root, {
    ignoreInitial: true,
    ignored: (path) =>
      others.some((other) => path === other || path.startsWith(other + sep)) ||
      (path !== root && relative(root, path) !== '' && IGNORED.has(basename(path))),
  })
  let changed = false
  let closed = false
  let timer: NodeJS.Timeout | undefined
  let waiting: PromiseWithResolvers<true | undefined> | undefined

  function tell(): void {
    if (waiting === undefined || !(changed || closed)) return
    const { resolve } = waiting
    waiting = undefined
    changed = false
    resolve(closed ? undefined : true)
  }

  watcher.on('all', () => {
    clearTimeout(timer)
    timer = setTimeout(() => {
      changed = true
      tell()
    }, MOMENT)
  })
  await new Promise<void>((resolve) => void watcher.once('ready', resolve))
  const close = async () => {
    closed = true
    clearTimeout(timer)
    tell()
    await watcher.close()
  }
  return {
    close,
    next: () => {
      waiting ??= Promise.withResolvers()
      const { promise } = waiting
      tell()
      return promise
    },
    [Symbol.asyncDispose]: close,
  }
}
