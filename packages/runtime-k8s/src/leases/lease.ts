/**
 * Owns the lease: what one row of the table says, in the layout of KCL 2.x in either of its modes, which Java workers of one
 * application read and write too.
 *
 * | attribute                                     | type | meaning                                                        |
 * |-----------------------------------------------|------|----------------------------------------------------------------|
 * | `leaseKey`                                    | S    | `account:stream:epoch:shardId`; single-stream: the shard's id  |
 * | `streamName`, `shardId`                       | S    | the two halves of the key; single-stream: absent               |
 * | `leaseOwner`                                  | S    | worker id; absent: free                                        |
 * | `leaseCounter`                                | N    | grows with each write: the optimistic lock and the heartbeat   |
 * | `checkpoint`                                  | S    | sequence number, or TRIM_HORIZON, LATEST, AT_TIMESTAMP, SHARD_END |
 * | `checkpointSubSequenceNumber`                 | N    | index in a KPL aggregate, else 0                               |
 * | `ownerSwitchesSinceCheckpoint`                | N    | 0 at a checkpoint that moves, and where nothing that was read is undone |
 * | `checkpointOwner`                             | S    | KCL 3: who has it until the owner, who is the next one, gets it |
 * | `parentShardId`, `childShardIds`              | SS   | bare shard ids; absent when empty                              |
 * | `startingHashKey`, `endingHashKey`            | S    | decimals                                                       |
 * | `spaceshipProcess`                            | S    | ours, where somebody chose the holder's id: that, `/` and a name of its process |
 * | `spaceshipWanted`                             | S    | ours: the worker that has asked for it, to which alone it is given up |
 * | `spaceshipJournal`, `spaceshipJournalAt`      | S    | ours: the journal, a long one behind `deflate:` in base64, and the checkpoint it was written with |
 * | `spaceshipFirst`                              | S    | ours: of a lease at LATEST, the first record that was read, or `@` and since when none has come |
 * | `application`                                 | S    | ours: whose lease it is; absent in what a KCL fleet made       |
 *
 * https://github.com/awslabs/amazon-kinesis-client, `DynamoDBLeaseSerializer.java`, `DynamoDBMultiStreamLeaseSerializer.java`. Attributes that KCL does not
 * know survive its updates, as those survive ours.
 */

import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import type { HashKeyRange } from '@spaceship/core/engine'
import { isLeaseKey, problemsIn } from './malformed.ts'
import { type Checkpoint, compareCheckpoints } from './order.ts'

export type Item = Record<string, AttributeValue>

export const SHARD_END = 'SHARD_END'

/** `account:stream:epoch`: tells a stream from one that was created again under its name. */
export type StreamId = string

/** The stream of leases in single-stream mode: their rows do not name it. */
export const SINGLE_STREAM: StreamId = ''

/** How rows name their shards, for a whole table. */
export type Layout = 'multi-stream' | 'single-stream'

export interface Lease {
  readonly key: string
  readonly stream: StreamId
  readonly shard: string
  readonly owner: string | undefined
  /** While KCL 3 hands the lease over: who still has it, until `owner` gets it. */
  readonly checkpointOwner: string | undefined
  /** Which process of the holder's id has it: several may have been given the same. A random id is that of one process, and needs none. */
  readonly process?: string | undefined
  /** The worker that has asked for it, as `workerOf` names it. */
  readonly wanted?: string | undefined
  readonly counter: number
  readonly checkpoint: Checkpoint
  readonly ownerSwitches: number
  readonly parents: readonly string[]
  /** Of the shard; old leases have none. */
  readonly hashRange: HashKeyRange | undefined
  readonly journal: string | undefined
  /** Of a lease at `LATEST`: the first record that was read, and is not done. */
  readonly first?: string | undefined
  /** Whose lease it is; undefined of what a KCL fleet made. */
  readonly application: string | undefined
}

export interface NewLease {
  readonly stream: StreamId
  readonly shard: string
  readonly checkpoint: string
  /** @default 0 */
  readonly subSequence?: number
  readonly first?: string | undefined
  readonly parents: readonly string[]
  readonly hashRange: readonly [start: string, end: string] | undefined
}

export function leaseKey(stream: StreamId, shard: string): string {
  return stream === SINGLE_STREAM ? shard : `${stream}:${shard}`
}

export function itemOf(
  { stream, shard, checkpoint, subSequence = 0, first, parents, hashRange }: NewLease,
  application: string,
): Item {
  return {
    leaseKey: { S: leaseKey(stream, shard) },
    ...(stream === SINGLE_STREAM ? {} : { streamName: { S: stream }, shardId: { S: shard } }),
    leaseCounter: { N: '0' },
    checkpoint: { S: checkpoint },
    checkpointSubSequenceNumber: { N: String(subSequence) },
    ownerSwitchesSinceCheckpoint: { N: '0' },
    application: { S: application },
    ...(first === undefined ? {} : { spaceshipFirst: { S: first } }),
    ...(parents.length === 0 ? {} : { parentShardId: { SS: [...parents] } }),
    ...(hashRange === undefined
      ? {}
      : { startingHashKey: { S: hashRange[0] }, endingHashKey: { S: hashRange[1] } }),
  }
}

/** A row that is no lease as KCL writes leases: nothing reads or writes it, but what tells of it. */
export interface MalformedRow {
  readonly key: string
  /** By its key; undefined if that is malformed. */
  readonly place: Pick<Lease, 'stream' | 'shard'> | undefined
  /** In words, without the row's values. */
  readonly problems: readonly string[]
}

/** Whether an item is of another kind: newer KCLs keep such beside their leases. */
export function isOfOtherKind({ entityType }: Item): boolean {
  return entityType?.S !== undefined && entityType.S !== 'LEASE'
}

/** What is wrong with an item that should be a lease. */
export function malformedRow(item: Item): MalformedRow {
  const key = item.leaseKey?.S ?? ''
  return { key, place: isLeaseKey(key) ? placeOf(key) : undefined, problems: problemsIn(item) }
}

/** The lease in an item; undefined for items of other kinds, and for malformed rows. */
export function leaseOf(item: Item): Lease | undefined {
  const key = item.leaseKey?.S
  const sequence = item.checkpoint?.S
  if (isOfOtherKind(item) || key === undefined || sequence === undefined || problemsIn(item).length > 0)
    return undefined
  const [owner, checkpointOwner] = [item.leaseOwner?.S, item.checkpointOwner?.S]
  const process = processOf(item, checkpointOwner ?? owner)
  return {
    key,
    ...placeOf(key),
    owner,
    checkpointOwner,
    ...(process !== undefined && { process }),
    ...(item.spaceshipWanted?.S !== undefined && { wanted: item.spaceshipWanted.S }),
    counter: Number(item.leaseCounter?.N ?? 0),
    checkpoint: { sequence, subSequence: Number(item.checkpointSubSequenceNumber?.N ?? 0) },
    ownerSwitches: Number(item.ownerSwitchesSinceCheckpoint?.N ?? 0),
    parents: item.parentShardId?.SS ?? [],
    hashRange: rangeOf(item),
    journal: journalOf(item, sequence),
    ...(sequence === 'LATEST' && item.spaceshipFirst?.S !== undefined && { first: item.spaceshipFirst.S }),
    application: item.application?.S,
  }
}

/**
 * Whether the switches of owners are counted anew. A journal alone does not: of a record that kills each of its owners nobody would know, while others are
 * done beside it.
 */
export function absolves(lease: Lease, checkpoint: Checkpoint, isDone = false): boolean {
  return isDone || compareCheckpoints(lease.checkpoint, checkpoint) !== 0
}

/** Who may read and checkpoint now. */
export function holderOf({ owner, checkpointOwner }: Lease): string | undefined {
  return checkpointOwner ?? owner
}

/** Who may have written a lease. */
export interface Writer {
  readonly holder: string | undefined
  readonly process: string | undefined
}

/** Whether a take makes another process the owner: one that was restarted under its id has died like any other. */
export function isSwitch(lease: Lease, owner: string, process: string | undefined): boolean {
  return lease.owner !== undefined && (lease.owner !== owner || lease.process !== process)
}

export function writerOf(lease: Lease): Writer {
  return { holder: holderOf(lease), process: lease.process }
}

/** Whether only the writer can have written a lease since it was seen, however often. */
export function isWrittenSince(seen: Lease, now: Lease, { holder, process }: Writer): boolean {
  return (
    holder !== undefined && holderOf(now) === holder && now.process === process && now.counter > seen.counter
  )
}

/** Who counts as one worker. */
export function workerOf({ owner, checkpointOwner, process }: Lease): string | undefined {
  return checkpointOwner === undefined ? (process ?? owner) : owner
}

/** Who has it next: whoever has asked for it. Beside a KCL fleet nobody asks, and what a row says of it is of another time. */
export function nextWorkerOf(lease: Lease): string | undefined {
  return lease.wanted ?? workerOf(lease)
}

/** KCL leaves the attribute as it is when it takes a lease: of another holder it says nothing. */
function processOf({ spaceshipProcess }: Item, holder: string | undefined): string | undefined {
  return holder !== undefined && spaceshipProcess?.S?.startsWith(`${holder}/`) === true
    ? spaceshipProcess.S
    : undefined
}

function rangeOf({ startingHashKey, endingHashKey }: Item): HashKeyRange | undefined {
  const [start, end] = [startingHashKey?.S, endingHashKey?.S]
  return start === undefined || end === undefined ? undefined : { startingHashKey: start, endingHashKey: end }
}

/** In KCL's single-stream mode the key is the shard's id alone, and the stream is not named. */
function placeOf(key: string): { readonly stream: StreamId; readonly shard: string } {
  const [account, name, epoch, ...rest] = key.split(':')
  return rest.length === 0
    ? { stream: SINGLE_STREAM, shard: key }
    : { stream: [account, name, epoch].join(':'), shard: rest.join(':') }
}

/** Of a checkpoint that somebody else has moved: back, to replay, or on, as KCL does and has handled what the journal tells of. Then it says nothing. */
function journalOf(item: Item, checkpoint: string): string | undefined {
  return item.spaceshipJournalAt?.S === checkpoint ? item.spaceshipJournal?.S : undefined
}

export function isSentinel(checkpoint: string): boolean {
  return !/^\d+$/.test(checkpoint)
}
