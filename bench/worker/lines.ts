/** What the processes of this bench print, a line of JSON each. */

import { readFileSync } from 'node:fs'

export interface Cost {
  /** Of the whole process, from its start. */
  readonly cpuSeconds: number
  readonly peakMegabytes: number
}

export type Line = { readonly taken: unknown } | { readonly seen: string } | Cost

export function tell(line: Line): void {
  console.log(JSON.stringify(line))
}

/** Tells what this process has cost, and ends it. */
export function endWithCost(): void {
  const { user, system } = process.cpuUsage()
  tell({ cpuSeconds: (user + system) / 1e6, peakMegabytes: peakKilobytes() / 1_024 })
  process.exit()
}

/** On Linux the system's own figure for this program: `maxRSS` starts there with the size of the process that has forked it. */
function peakKilobytes(): number {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS
  return Number(/^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1])
}
