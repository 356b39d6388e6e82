/** Owns how items and payloads are given on a command line, as JSON: the argument itself, `@file`, or `-` for what is piped in. */

import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Entity } from '@spaceship/core'
import { SpaceshipError } from '@spaceship/core'
import { usage } from '../show/index.ts'
import type { Terminal } from './terminal.ts'

type Schema = Entity<unknown>['spec']['schema']
export type Fields = Readonly<Record<string, unknown>>

type Reviver = (name: string, parsed: unknown, context?: { readonly source?: string }) => unknown

// Node has handed over the digits of a number since version 21; TypeScript's library does not know it yet.
const parseJson = JSON.parse as (text: string, reviver: Reviver) => unknown

/**
 * @param numbers what becomes of an integer that a double would change: refused, or with `lossless` a bigint
 * @throws SpaceshipError `usage` if that is no JSON object
 */
export async function objectFrom(
  terminal: Terminal,
  given: string,
  numbers: 'double' | 'lossless' = 'double',
): Promise<Fields> {
  const { text, where } = await textFrom(terminal, given)
  let value: unknown
  try {
    // Editors of Windows begin a file with a mark of its encoding, which is no JSON.
    value = parseJson(text.replace(/^\uFEFF/, ''), (name, parsed, context) =>
      exactly(name, parsed, context, numbers),
    )
  } catch (error) {
    if (error instanceof SpaceshipError) throw error
    throw usage(
      `${where} is no JSON: ${error instanceof Error ? error.message : error}\n  expected an object, such as '{"id": "acme"}', in quotes of your shell; @file reads a file, - what is piped in`,
    )
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw usage(`${where} is ${Array.isArray(value) ? 'a list' : typeof value}: expected a JSON object`)
  // JSON has no other objects.
  return value as Fields
}

async function textFrom(terminal: Terminal, given: string): Promise<{ text: string; where: string }> {
  if (given === '-') return { text: await terminal.input(), where: 'what was piped in' }
  if (!given.startsWith('@')) return { text: given, where: `'${given}'` }
  const path = resolve(terminal.cwd, given.slice(1))
  try {
    return { text: readFileSync(path, 'utf8'), where: given.slice(1) }
  } catch (cause) {
    throw usage(`${given.slice(1)} cannot be read: ${cause instanceof Error ? cause.message : cause}`)
  }
}

/** A number is what its digits say, or refused. */
function exactly(
  name: string,
  parsed: unknown,
  context: { readonly source?: string } | undefined,
  numbers: 'double' | 'lossless',
): unknown {
  const source = context?.source
  if (typeof parsed !== 'number' || source === undefined || !/^-?\d+$/.test(source)) return parsed
  if (numbers === 'lossless') return BigInt(source)
  if (String(parsed) === source || BigInt(source) === BigInt(parsed)) return parsed
  throw usage(
    `'${name}' is ${source}, which a double would change to ${parsed}: expected a text, or an entity with numbers: 'lossless'`,
  )
}

/** @throws SpaceshipError `usage` with every issue, and where in the value it is */
export async function fits(schema: Schema, value: unknown, what: string): Promise<void> {
  const { issues } = await schema['~standard'].validate(value)
  if (issues === undefined) return
  const told = issues.map(({ path = [], message }) => {
    const at = path.map((part) => String(typeof part === 'object' ? part.key : part)).join('.')
    return `\n  - ${at === '' ? '' : `${at}: `}${message}`
  })
  throw usage(`${what} does not fit its schema:${told.join('')}`)
}
