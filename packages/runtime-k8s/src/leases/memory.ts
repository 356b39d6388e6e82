import { type Item, itemOf, type Lease, leaseOf } from './lease.ts'
import type { LeaseTable } from './table.ts'

/** Leases in this process, for tests: the same items as in DynamoDB. */
export function memoryLeases(application = 'app'): LeaseTable {
  const items = new Map<string, Item>()

  function update(lease: Lease, change: (item: Item) => Item): Lease | undefined {
    const item = items.get(lease.key)
    if (item === undefined || Number(item.leaseCounter?.N) !== lease.counter) return undefined
    const changed = { ...change(item), leaseCounter: { N: String(lease.counter + 1) } }
    items.set(lease.key, changed)
    return leaseOf(changed)
  }

  /** As in DynamoDB, where a client repeats a write whose answer was lost. */
  function ownUpdate(lease: Lease, change: (item: Item) => Item): Lease | undefined {
    const updated = update(lease, change)
    if (updated !== undefined) return updated
    const now = leaseOf(items.get(lease.key) ?? {})
    return lease.owner !== undefined && now?.owner === lease.owner && now.counter === lease.counter + 1
      ? now
      : undefined
  }

  return {
    check: async () => undefined,
    list: async () => [...items.values()].map(leaseOf).filter((lease) => lease !== undefined),
    create: async (lease) => {
      const item = itemOf(lease, application)
      const key = item.leaseKey?.S ?? ''
      if (!items.has(key)) items.set(key, item)
    },
    renew: async (lease) => ownUpdate(lease, (item) => item),
    take: async (lease, owner) =>
      update(lease, (item) => {
        const switched = lease.owner !== undefined && lease.owner !== owner
        return {
          ...item,
          leaseOwner: { S: owner },
          application: { S: application },
          ownerSwitchesSinceCheckpoint: { N: String(lease.ownerSwitches + (switched ? 1 : 0)) },
        }
      }),
    checkpoint: async (lease, { checkpoint, journal, children = [] }) =>
      update(lease, ({ spaceshipJournal: _, spaceshipJournalAt: __, ...item }) => ({
        ...item,
        checkpoint: { S: checkpoint.sequence },
        checkpointSubSequenceNumber: { N: String(checkpoint.subSequence) },
        ownerSwitchesSinceCheckpoint: { N: '0' },
        ...(journal === undefined
          ? {}
          : { spaceshipJournal: { S: journal }, spaceshipJournalAt: { S: checkpoint.sequence } }),
        ...(children.length === 0 ? {} : { childShardIds: { SS: [...children] } }),
      })),
    release: async (lease) => {
      update(lease, ({ leaseOwner: _, ...item }) => item)
    },
  }
}
