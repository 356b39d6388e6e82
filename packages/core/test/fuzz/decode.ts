/** Compares the decoder with {@link referenceOf} over generated records, and makes what it finds small. */

import { codeOf } from '../../src/errors.ts'
import { read } from '../../src/kinds/read.ts'
import { type Chance, chanceOf } from '../../src/testing/chance.ts'
import type { Change, Wanted } from '../../src/wire/index.ts'
import { recordBytes, TABLES } from './records.ts'
import { agrees, isObject, type Json, type ReferenceChange, referenceOf, refusalOf } from './reference.ts'

export interface Report {
  readonly runs: number
  /** How often each outcome came about, per record or image. */
  readonly outcomes: Readonly<Record<string, number>>
  /** The first difference, made small. */
  readonly failure: { readonly run: number; readonly why: string; readonly data: Buffer } | undefined
}

/** Runs until one of the bounds is reached, or a difference is found. */
export function fuzzDecode(seed: number, more: (runs: number) => boolean): Report {
  const outcomes: Record<string, number> = {}
  const count = (outcome: string) => {
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
  }
  let runs = 0
  for (; more(runs); runs += 1) {
    const chance = chanceOf(seed + runs)
    const data = recordBytes(chance)
    const wanted = wantedOf(chance)
    const why = difference(data, wanted, count)
    if (why !== undefined) {
      const small = smallest(data, (bytes) => difference(bytes, wanted, () => {}) !== undefined)
      return {
        runs,
        outcomes,
        failure: { run: runs, why: difference(small, wanted, () => {}) ?? why, data: small },
      }
    }
  }
  return { runs, outcomes, failure: undefined }
}

function wantedOf(chance: Chance): Wanted {
  if (chance.oneIn(2)) return () => true
  const table = chance.pick(TABLES)
  const kinds = chance.pick([['INSERT'], ['MODIFY', 'REMOVE'], ['INSERT', 'MODIFY']])
  return (name, kind) => name === table && kinds.includes(kind)
}

/** What differs from the reference, or undefined. */
function difference(data: Buffer, wanted: Wanted, count: (outcome: string) => void): string | undefined {
  const reference = referenceOf(data)
  const found = read(data, wanted)
  if (found.kind === 'unwanted') return unwantedDifference(data, reference, wanted, count)
  if (!reference) {
    const reason = reference === null ? 'undecodable' : 'unrecognised'
    count(reason)
    return found.kind === 'unreadable' && found.reason === reason ? undefined : `${found.kind} for ${reason}`
  }
  if (found.kind !== 'change') return `${found.kind} for a change`
  const { change } = found
  // Only a wanted change may come through.
  if (!wanted(change.table, change.kind)) return 'a change that is not wanted'
  if (change.table !== reference.table || change.kind !== reference.kind) return 'another table or kind'
  if (change.time.min !== reference.micros || change.at.getTime() !== Math.floor(reference.micros / 1_000))
    return 'another time'
  count('change')
  return partsDifference(change, reference, count) ?? identityDifference(change, data)
}

/** The exceptions that `outline.ts` documents. */
function unwantedDifference(
  data: Buffer,
  reference: ReferenceChange | undefined | null,
  wanted: Wanted,
  count: (outcome: string) => void,
): string | undefined {
  const byHead = data.toString('latin1').endsWith('},"eventSource":"aws:dynamodb"}')
  if (!reference) {
    count('unwanted by its head, and no change')
    return byHead ? undefined : 'unwanted, but no change'
  }
  // Whoever is no DBMS, and repeats a member, may name another table there.
  if (wanted(reference.table, reference.kind as never)) {
    count('unwanted by its head, wanted by a repeated member')
    return byHead && isRepeated(data) ? undefined : 'unwanted, but wanted'
  }
  count('unwanted')
  return undefined
}

function isRepeated(data: Buffer): boolean {
  const text = data.toString('utf8')
  return (
    text.includes('\\u00') || ['eventName', 'tableName'].some((name) => text.split(`"${name}"`).length > 2)
  )
}

function partsDifference(
  change: Change,
  { dynamodb }: ReferenceChange,
  count: (outcome: string) => void,
): string | undefined {
  const images = { before: dynamodb.OldImage, after: dynamodb.NewImage }
  for (const name of ['before', 'after', 'after', 'before'] as const)
    for (const numbers of ['double', 'lossless'] as const) {
      const raw = images[name]
      const why = partDifference(
        isObject(raw) ? raw : undefined,
        numbers,
        () => change.image(name, numbers),
        count,
      )
      if (why !== undefined) return `${name}, ${numbers}: ${why}`
    }
  const keys = isObject(dynamodb.Keys) ? dynamodb.Keys : {}
  return partDifference(keys, 'double', () => change.keys(), count) ?? keyDifference(change, keys)
}

/** The same record in other words, which only JSON.parse understands, is the same change by the same actor. */
function identityDifference(change: Change, data: Buffer): string | undefined {
  if (data.length % 16 !== 0) return undefined
  const words = Buffer.from(JSON.stringify(JSON.parse(data.toString()), undefined, 1))
  const same = read(words, () => true)
  if (same.kind !== 'change') return 'no change in other words'
  return same.change.identity() === change.identity() ? undefined : 'another identity in other words'
}

function partDifference(
  raw: Json | undefined,
  numbers: 'double' | 'lossless',
  decode: () => unknown,
  count: (outcome: string) => void,
): string | undefined {
  const refusal = raw && refusalOf(raw, numbers === 'lossless')
  let ours: unknown
  try {
    ours = decode()
  } catch (error) {
    count(`refused: ${refusal}`)
    if (codeOf(error) !== 'attributes') return `threw ${String(error)}`
    return refusal === undefined ? `refused: ${String(error)}` : undefined
  }
  if (refusal !== undefined) return `not refused, but ${refusal}`
  if (raw === undefined) return ours === undefined ? undefined : 'an image that is not there'
  count('same value')
  return agrees(ours, raw, numbers === 'lossless') ? undefined : 'another value'
}

function keyDifference(change: Change, keys: Json): string | undefined {
  const names = Object.keys(keys)
  if (names.length === 0) return undefined
  const refused = refusalOf(keys, true) !== undefined
  const texts = names.map((name) => (refused ? undefined : keyOf(keys[name])))
  let ours: string | undefined
  try {
    ours = names.length === 1 ? change.keyText(names) : names.map((name) => change.keyText([name])).join('|')
  } catch (error) {
    if (codeOf(error) !== 'attributes') return `the key threw ${String(error)}`
  }
  const expected = texts.includes(undefined) ? undefined : texts.join('|')
  return ours === expected ? undefined : 'another key'
}

function keyOf(attribute: unknown): string | undefined {
  if (!isObject(attribute)) return undefined
  const { S, N, B } = attribute
  if (typeof B === 'string') return Buffer.from(B, 'base64').toString('base64url')
  return typeof S === 'string' ? S : typeof N === 'string' ? N : undefined
}

/** Leaves out pieces, smaller and smaller, as long as the difference stays. */
function smallest(data: Buffer, differs: (data: Buffer) => boolean): Buffer {
  let bytes = data
  for (let size = bytes.length >> 1; size > 0; size >>= 1)
    for (let at = 0; at + size <= bytes.length; ) {
      const shorter = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + size)])
      if (differs(shorter)) bytes = shorter
      else at += size
    }
  return bytes
}
