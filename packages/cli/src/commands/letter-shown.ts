/** Owns how a letter is shown: as data, and to people. */

import { aboutRecord } from '@spaceship/core/engine'
import type { DeadLetter } from '@spaceship/core/ports'
import { paint } from '../show/index.ts'

/** A letter without its record: many of them are held at once, and a record may have 10 MiB. */
export interface LetterHead extends Omit<DeadLetter, 'data'> {
  /** Of the record. */
  readonly bytes: number
}

export function headOf({ data, ...head }: DeadLetter): LetterHead {
  return { ...head, bytes: data.length }
}

export function headAsJson(head: LetterHead): Record<string, unknown> {
  return { ...head, at: head.at.toISOString() }
}

/** With the record: as text if it is UTF-8, else in base64. */
export function letterAsJson(letter: DeadLetter): Record<string, unknown> {
  return { ...headAsJson(headOf(letter)), ...recordOf(letter.data) }
}

function recordOf(data: Uint8Array): Record<string, unknown> {
  const text = textOf(data)
  return text === undefined ? { base64: Buffer.from(data).toString('base64') } : { record: text }
}

export function letterForPeople(letter: DeadLetter): string {
  const { id, reactor, route, reason, detail, attempts, at, lane, stream, shard, sequence, data } = letter
  const rows: readonly (readonly [string, string])[] = [
    ['letter', id],
    ['what', aboutRecord(letter).what],
    ['route', route === undefined ? 'none was found' : `${reactor}/${route}`],
    ['lane', lane === '' ? '-' : lane],
    ['reason', `${reason}, after ${attempts} attempt${attempts === 1 ? '' : 's'}`],
    ['detail', detail],
    ['at', at.toISOString()],
    ['from', `${stream} ${shard} ${sequence}`],
  ]
  return [
    ...rows.map(([name, value]) => `${paint('bold', name.padEnd(7))} ${value}`),
    '',
    shownRecord(data),
  ].join('\n')
}

function shownRecord(data: Uint8Array): string {
  const text = textOf(data)
  if (text === undefined)
    return `${data.length} bytes that are no text, in base64:\n${Buffer.from(data).toString('base64')}`
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}

function textOf(data: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(data)
  } catch {
    return undefined
  }
}
