#!/usr/bin/env node
/** The command `spaceship`: the one place of this package that sees the process. */

import { createRequire } from 'node:module'
import { text } from 'node:stream/consumers'
import type { Terminal } from './commands/index.ts'
import { runProgram } from './program.ts'
import { EXIT } from './show/index.ts'

const { version } = createRequire(import.meta.url)('../package.json')

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
