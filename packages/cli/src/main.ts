#!/usr/bin/env node
/** The command `spaceship`: the one place of this package that sees the process. */

import { Console } from 'node:console'
import { createRequire } from 'node:module'
import { text } from 'node:stream/consumers'
import type { Terminal } from './commands/index.ts'

const { version, engines } = createRequire(import.meta.url)('../package.json')

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (!(major >= 24 || (major === 22 && minor >= 16))) {
  console.error(`spaceship: this is Node ${process.versions.node}: expected ${engines.node}`)
  process.exit(3)
}
// Only now: an older Node lacks modules that these ask for.
const [{ runProgram }, { EXIT }] = await Promise.all([import('./program.ts'), import('./show/index.ts')])

// What the modules of a project print while they are read is none of a command's answer. Completion prints by the console itself.
if (process.argv[2] !== 'complete') globalThis.console = new Console(process.stderr, process.stderr)

const terminal: Terminal = {
  cwd: process.cwd(),
  variables: { ...process.env },
  out: (line) => void process.stdout.write(`${line}\n`),
  say: (line) => void process.stderr.write(`${line}\n`),
  input: () => text(process.stdin),
  fail: (code) => {
    process.exitCode = code
  },
}

// What reads the output, such as `head`, may have enough of it.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit(EXIT.done)
})

await runProgram(terminal, version, process.argv.slice(2))
