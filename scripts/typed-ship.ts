/** Owns a `spaceship dev` as a reader of a guide has it in a terminal, and the commands that he types in another one. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { type Ended, node } from './guide.ts'
import { ROOT } from './packages.ts'

const COMMAND = `${ROOT}packages/cli/src/main.ts`

export const spaceship = (folder: string, ...args: readonly string[]): Promise<Ended> =>
  node(folder, COMMAND, ...args)

/** A line of the ship or of a list, without the times of the clock and of the work, and without names that differ from run to run. */
export const timeless = (line: string): string =>
  line
    .replace(/^\d\d:\d\d:\d\d/, '00:00:00')
    .replace(/ \d+(\.\d+)? m?s( {2}|$)/, ' n ms$2')
    .replace(/\d+ s ago +/, 'n s ago ')
    // Its column is as wide as the longest of these.
    .replace(/^(# {2}when) +/, '$1 ')
    .replace(/\/event\/\S+/, '/event/ID')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/, 'TIME')
    .replace(/\b\d{50,}\b/, 'SEQUENCE')

export interface TypedShip extends AsyncDisposable {
  /** Resolves when the ship has said a line, `timeless`; said already or from now on. */
  until(line: string): Promise<void>
}

/** Resolves when the reactors run. */
export async function typedShip(folder: string): Promise<TypedShip> {
  const ship = spawn(process.execPath, ['--conditions=@spaceship/source', COMMAND, 'dev'], {
    cwd: folder,
    env: { ...process.env, FORCE_COLOR: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = once(ship, 'close')
  const said: string[] = []
  let look = () => {}
  for (const stream of [ship.stdout, ship.stderr])
    createInterface(stream).on('line', (line) => {
      said.push(timeless(line))
      look()
    })
  const until = (line: string) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const told = () => new Error(`the ship did not say "${line}"; it said:\n${said.join('\n')}`)
    const timer = setTimeout(() => reject(told()), LONGEST)
    look = () => {
      if (said.includes(line)) resolve()
    }
    look()
    return Promise.race([promise, ended.then(() => Promise.reject(told()))]).finally(() =>
      clearTimeout(timer),
    )
  }
  const stop = async () => {
    ship.kill('SIGINT')
    await ended
  }
  try {
    await until('the reactors run; files are watched')
  } catch (error) {
    await stop()
    throw error
  }
  return { until, [Symbol.asyncDispose]: stop }
}

/** Milliseconds. A machine that is busy is slow, but not for ever. */
const LONGEST = 30_000
