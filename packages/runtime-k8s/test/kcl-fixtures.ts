/** Owns how tests read what real KCL workers left in their tables. */

import { readFileSync } from 'node:fs'
import type { Item } from '../src/leases/lease.ts'

const parsed = (file: string) =>
  JSON.parse(readFileSync(new URL(`./fixtures/kcl/${file}`, import.meta.url), 'utf8'))

/** The rows of a lease table. @param table its name @default 'app' */
export function kclRows(file: string, table = 'app'): readonly Item[] {
  return parsed(file)[table].Items.map(withBytes)
}

/** Dumps have bytes as base64. */
function withBytes(item: Record<string, { readonly B?: string }>): Item {
  // A dump is what DynamoDB's own client wrote as JSON: only bytes look otherwise there.
  return Object.fromEntries(
    Object.entries(item).map(([name, value]) => [
      name,
      typeof value.B === 'string' ? { B: new Uint8Array(Buffer.from(value.B, 'base64')) } : value,
    ]),
  ) as Item
}

export interface Ordering {
  readonly compare: {
    readonly rows: readonly (readonly [
      first: readonly [string, number],
      second: readonly [string, number],
      sign: number | string,
    ])[]
  }
  readonly leaderShuffle: {
    readonly rows: readonly { readonly owners: readonly string[]; readonly leader: string }[]
  }
}

export const kclOrdering = (): Ordering => parsed('ordering.json')
