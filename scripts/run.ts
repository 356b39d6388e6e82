import { spawn } from 'node:child_process'
import { ROOT } from './packages.ts'

export interface Run {
  readonly code: number
  readonly output: string
}

/** Runs a command in a folder and collects what it prints, without showing it. */
export function run(command: string, args: readonly string[], folder = ROOT): Promise<Run> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: folder,
      env: { ...process.env, FORCE_COLOR: '0' },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += String(data)))
    child.once('error', reject)
    child.once('close', (code) => resolve({ code: code ?? 1, output }))
  })
}

/** A tool from the repository's own dependencies. */
export const tool = (name: string) => `${ROOT}node_modules/.bin/${name}`
