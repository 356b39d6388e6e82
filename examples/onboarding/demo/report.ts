/** Owns the table at the end: what came, how fast, and where it differs from what was expected. */

import { styleText } from 'node:util'
import { WIDTH, wrapped } from './console.ts'

export interface Line {
  readonly what: string
  readonly expected: string
  readonly seen: string
  /** Milliseconds from the write to the effect. */
  readonly latency?: number | undefined
  /** What explains it, line by line. */
  readonly because?: readonly string[]
}

/** @returns how many lines differ from what was expected */
export function printTable(stories: ReadonlyMap<string, readonly Line[]>): number {
  const lines = [...stories].flatMap(([runtime, story]) => story.map((line) => ({ runtime, ...line })))
  const widest = Math.max(...lines.map(({ what }) => what.length))
  console.log(`\n   ${styleText('bold', `runtime  ${'what'.padEnd(widest)}   latency`)}`)
  for (const { runtime, what, expected, seen, latency, because = [] } of lines) {
    const good = expected === seen
    const took = latency === undefined ? '' : `${latency} ms`
    const row = `${runtime.padEnd(7)}  ${what.padEnd(widest)}  ${took.padStart(8)}`
    console.log(`${styleText(good ? 'green' : 'red', good ? ' ✓' : ' ✗')} ${row.trimEnd()}`)
    const notes = good ? because : [`expected: ${expected}`, `seen: ${seen}`, ...because]
    for (const note of notes.flatMap((text) => wrapped(text, WIDTH - 12)))
      console.log(`${' '.repeat(12)}${note}`)
  }
  return lines.filter(({ expected, seen }) => expected !== seen).length
}
