/** Owns the count of what a fleet asks of its services: by operation, in each virtual second and by each member; and when leases last changed hands. */

import type { Write } from './dynamodb.ts'

/** Told of all that reaches the services. */
export interface Audience {
  asked(member: string, operation: string, at: number): void
  wrote(write: Write, at: number): void
}

export interface Requests extends Audience {
  /** Of each operation: all of them, and those of its busiest second. */
  readonly operations: ReadonlyMap<string, { readonly total: number; readonly most: number }>
  /** By the operations that are named. @default all */
  mostOfOneMember(...operations: readonly string[]): number
  /** When a lease last got another owner, in virtual milliseconds. */
  readonly movedAt: number
  /** How often a lease got another owner. */
  readonly moves: number
  /** Leases of each member that has some. */
  readonly shares: ReadonlyMap<string, number>
}

export function countRequests(): Requests {
  const seconds = new Map<string, Map<number, number>>()
  const members = new Map<string, Map<string, number>>()
  const owners = new Map<string, string>()
  let [movedAt, moves] = [0, 0]
  return {
    asked: (member, operation, at) => {
      add(seconds, operation, Math.floor(at / 1_000))
      add(members, member, operation)
    },
    wrote: ({ key, after }, at) => {
      const owner = after?.leaseOwner?.S
      if (owner === owners.get(key)) return
      if (owner === undefined) owners.delete(key)
      else owners.set(key, owner)
      movedAt = at
      if (owner !== undefined) moves += 1
    },
    get operations() {
      return new Map(
        [...seconds].map(([operation, counts]) => [
          operation,
          { total: sum(counts.values()), most: Math.max(...counts.values()) },
        ]),
      )
    },
    mostOfOneMember: (...operations) =>
      Math.max(
        0,
        ...[...members.values()].map((counts) =>
          operations.length === 0
            ? sum(counts.values())
            : sum(operations.map((operation) => counts.get(operation) ?? 0)),
        ),
      ),
    get movedAt() {
      return movedAt
    },
    get moves() {
      return moves
    },
    get shares() {
      const shares = new Map<string, number>()
      for (const owner of owners.values()) shares.set(owner, (shares.get(owner) ?? 0) + 1)
      return shares
    },
  }
}

function add<Outer, Inner>(counts: Map<Outer, Map<Inner, number>>, outer: Outer, inner: Inner): void {
  const own = counts.get(outer) ?? new Map<Inner, number>()
  counts.set(outer, own)
  own.set(inner, (own.get(inner) ?? 0) + 1)
}

function sum(counts: Iterable<number>): number {
  let all = 0
  for (const count of counts) all += count
  return all
}
