import {
  absolves,
  holderOf,
  type Item,
  isSwitch,
  isWrittenSince,
  itemOf,
  type Lease,
  leaseOf,
  SHARD_END,
  type Writer,
  writerOf,
} from './lease.ts'
import { scanOf } from './scan.ts'
import type { LeaseTable } from './table.ts'

/** Leases in this process, for tests: the same items as in DynamoDB. @param items by their keys */
export function memoryLeases(application = 'app', items = new Map<string, Item>()): LeaseTable {
  const read = (key: string) => leaseOf(items.get(key) ?? {})

  function update(lease: Lease, change: (item: Item) => Item): Lease | undefined {
    const item = items.get(lease.key)
    if (item === undefined || Number(item.leaseCounter?.N) !== lease.counter) return undefined
    // A row that somebody has deleted and that was made again may have the same counter.
    if (![item.leaseOwner?.S, item.checkpointOwner?.S].includes(holderOf(lease))) return undefined
    const changed = { ...change(item), leaseCounter: { N: String(lease.counter + 1) } }
    items.set(lease.key, changed)
    return leaseOf(changed)
  }

  /** As in DynamoDB: what is wanted is written on top of an earlier write of the same worker whose answer was lost. */
  function ownUpdate(
    lease: Lease,
    by: Writer,
    change: (item: Item) => Item,
    isHeld = () => true,
  ): Lease | undefined {
    const updated = update(lease, change)
    if (updated !== undefined) return updated
    const now = read(lease.key)
    const isOurs = now !== undefined && isWrittenSince(lease, now, by)
    return isOurs && isHeld() ? update(now, change) : undefined
  }

  return {
    check: async () => undefined,
    scan: async () => scanOf([...items.values()]),
    checkpointOf: async (key) => {
      const row = items.get(key)
      return row && (row.checkpoint?.S ?? '')
    },
    create: async (lease) => {
      const item = itemOf(lease, application)
      const key = item.leaseKey?.S ?? ''
      if (items.has(key)) return false
      items.set(key, item)
      return true
    },
    remove: async ({ key }) => {
      if (items.get(key)?.checkpoint?.S === SHARD_END) items.delete(key)
    },
    renew: async (lease, isHeld) => ownUpdate(lease, writerOf(lease), (item) => item, isHeld),
    take: async (lease, owner, process, isAlive = false) =>
      ownUpdate(lease, { holder: owner, process }, ({ checkpointOwner: _, spaceshipWanted: __, ...item }) => {
        const switched = !isAlive && isSwitch(lease, owner, process)
        return {
          ...item,
          leaseOwner: { S: owner },
          ...(process !== undefined && { spaceshipProcess: { S: process } }),
          application: { S: application },
          ownerSwitchesSinceCheckpoint: { N: String(lease.ownerSwitches + (switched ? 1 : 0)) },
        }
      }),
    ask: async ({ key, owner }, worker) => {
      const item = items.get(key)
      if (item === undefined || owner === undefined || item.leaseOwner?.S !== owner) return false
      if (item.spaceshipWanted !== undefined) return false
      items.set(key, { ...item, spaceshipWanted: { S: worker } })
      return true
    },
    withdraw: async ({ key }, worker) => {
      const { spaceshipWanted, ...item } = items.get(key) ?? {}
      if (spaceshipWanted?.S !== worker) return false
      items.set(key, item)
      return true
    },
    checkpoint: async (lease, { checkpoint, journal, first, isDone, children = [] }, isHeld) => {
      const change = ({
        spaceshipJournal: _,
        spaceshipJournalAt: __,
        spaceshipFirst: ___,
        ...item
      }: Item): Item => ({
        ...item,
        checkpoint: { S: checkpoint.sequence },
        checkpointSubSequenceNumber: { N: String(checkpoint.subSequence) },
        ...(absolves(lease, checkpoint, isDone) && { ownerSwitchesSinceCheckpoint: { N: '0' } }),
        ...(journal === undefined
          ? {}
          : { spaceshipJournal: { S: journal }, spaceshipJournalAt: { S: checkpoint.sequence } }),
        ...(first === undefined ? {} : { spaceshipFirst: { S: first } }),
        ...(children.length === 0 ? {} : { childShardIds: { SS: [...children] } }),
      })
      return ownUpdate(lease, writerOf(lease), change, isHeld)
    },
    release: async (lease, charged = false) => {
      const isHandedOver = lease.checkpointOwner !== undefined
      const switched = { ownerSwitchesSinceCheckpoint: { N: String(lease.ownerSwitches + 1) } }
      if (items.get(lease.key)?.leaseOwner?.S !== lease.owner) return
      update(lease, ({ leaseOwner, checkpointOwner: _, spaceshipProcess: __, spaceshipWanted, ...item }) => ({
        ...item,
        ...(!charged && spaceshipWanted && { spaceshipWanted }),
        ...(isHandedOver && leaseOwner && { leaseOwner }),
        ...((charged || isHandedOver) && switched),
      }))
    },
  }
}
