/** Owns how a line is shown on a terminal: who says it and when, within the width of the terminal. */

import { styleText } from 'node:util'

/** Where the reactor runs, which is who speaks. */
export type Name = 'worker' | 'lambda'

/** A line of the story; `log` is one of the application's own. */
export type Say = (line: string, kind?: 'story' | 'log') => void

const COLORS = { worker: 'cyan', lambda: 'magenta' } as const

/** What is no terminal has the columns that every terminal has. */
export const WIDTH = process.stdout.columns ?? 80

/** Columns of `123.4s worker `. */
export const PREFIX = 14

/** What a line has behind its prefix. */
export const ROOM = WIDTH - PREFIX

export function speaker(name: Name, began: number): Say {
  return (line, kind = 'story') => {
    const at = `${((Date.now() - began) / 1_000).toFixed(1).padStart(5)}s`
    const [first = '', ...others] = wrapped(line, ROOM)
    const shown = (text: string) => (kind === 'log' ? styleText('dim', text) : text)
    console.log(`${styleText('dim', at)} ${styleText(COLORS[name], name)} ${shown(first)}`)
    for (const other of others) console.log(`${' '.repeat(PREFIX)}${shown(other)}`)
  }
}

/** Broken between words; a line that is broken goes on two columns further in. A word that is wider stays whole. */
export function wrapped(text: string, width: number): string[] {
  return text.split('\n').flatMap((line) => {
    const margin = `${/^ */.exec(line)?.[0]}  `
    const lines: string[] = []
    let current = ''
    for (const word of line.split(/(?<=\S) /)) {
      const longer = current === '' ? word : `${current} ${word}`
      if (longer.length <= width || current === '') current = longer
      else {
        lines.push(current)
        current = margin + word
      }
    }
    return [...lines, current]
  })
}
