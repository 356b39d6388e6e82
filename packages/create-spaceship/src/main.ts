#!/usr/bin/env node
/** The command `create-spaceship`: the one place of this package that sees the process. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { runProgram } from './program.ts'

const windows = process.platform === 'win32'
const { version } = createRequire(import.meta.url)('../package.json')

process.exitCode = await runProgram(process.argv.slice(2), version, {
  agent: process.env.npm_config_user_agent ?? '',
  asked: process.stdin.isTTY === true && process.stdout.isTTY === true,
  windows,
  say: (text) => console.log(text),
  run: async (command, args, folder) => {
    // Windows has package managers as scripts of its shell.
    const child = spawn(command, [...args], {
      cwd: folder,
      stdio: 'inherit',
      shell: windows,
    })
    try {
      const [code] = await once(child, 'close')
      return code ?? 1
    } catch (error) {
      console.log(`${command} cannot be run: ${error instanceof Error ? error.message : error}`)
      return 1
    }
  },
})
