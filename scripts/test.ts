/** `npm test`: all tests that this machine can run. Ends with the lanes that did not run, and the count. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Lane, lanes, lanesOfTheirOwn } from './lanes.ts'
import { ROOT } from './packages.ts'
import { tool } from './run.ts'

const present: Lane[] = []
const absent: Lane[] = []
for (const lane of lanes) ((await lane.available()) ? present : absent).push(lane)

const folder = mkdtempSync(join(tmpdir(), 'spaceship-test-'))
const report = join(folder, 'report.json')
const args = [
  'run',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${report}`,
  ...process.argv.slice(2),
]
const env = {
  ...process.env,
  SPACESHIP_LANES: present.map((lane) => lane.name).join(','),
  // Many tests start processes of the same sources: Node compiles each once.
  NODE_COMPILE_CACHE: join(ROOT, 'node_modules/.cache/spaceship-test'),
}
const [code] = await once(spawn(tool('vitest'), args, { cwd: ROOT, env, stdio: 'inherit' }), 'exit')

for (const { name, what, how } of [...absent, ...lanesOfTheirOwn])
  console.log(`lane '${name}' did not run (${what}). To run it: ${how}`)
// On the machine that judges a change, a lane that does not run is a failure.
const missing = process.env.CI === 'true' ? absent.length : 0
const { numPassedTests = 0, numFailedTests = 0, numFailedTestSuites = 0 } = readReport()
const failed = numFailedTests === 0 && code !== 0 ? Math.max(1, numFailedTestSuites) : numFailedTests
console.log(`${numPassedTests} passed, ${failed + missing} failed`)
process.exitCode = code === 0 && missing === 0 ? 0 : 1

function readReport(): { numPassedTests?: number; numFailedTests?: number; numFailedTestSuites?: number } {
  try {
    return JSON.parse(readFileSync(report, 'utf8'))
  } catch {
    return {}
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
