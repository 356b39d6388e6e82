/** Owns the table at the end: what was expected and what was seen. */

import { styleText } from 'node:util'
import type { Line } from './story.ts'

/** @returns how many lines differ from what was expected */
export function printTable(stories: ReadonlyMap<string, readonly Line[]>): number {
  const rows = [...stories].flatMap(([runtime, lines]) =>
    lines.map(({ what, expected, seen, latency }) => ({
      good: expected === seen,
      cells: [runtime, what, expected, seen, latency === undefined ? '' : `${latency} ms`],
    })),
  )
  const head = ['runtime', 'what', 'expected', 'seen', 'latency']
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map(({ cells }) => cells[column]?.length ?? 0)),
  )
  const line = (cells: readonly string[]) =>
    cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')
  console.log(`\n   ${styleText('bold', line(head))}`)
  for (const { good, cells } of rows)
    console.log(`${styleText(good ? 'green' : 'red', good ? ' ✓' : ' ✗')} ${line(cells)}`)
  return rows.filter(({ good }) => !good).length
}
