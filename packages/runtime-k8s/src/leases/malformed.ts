/**
 * Owns the question whether a row is a lease as KCL writes leases. Anybody may write a row: what is taken for a lease and is none would be taken
 * and stolen for ever, or start its shard anew. KCL 2.x fails as a whole on some of these rows, and 3.5 passes over them, as we do.
 */

import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { timeOf } from './mark.ts'
import { isCheckpoint } from './order.ts'

interface Form {
  readonly type: 'S' | 'N' | 'SS'
  readonly required?: boolean
  /** In words, beside the type. */
  readonly expected: string
  /** @param content of the type: a text, or texts */
  readonly fits?: (content: string) => boolean
}

type Row = Readonly<Record<string, AttributeValue>>

const SHARD = /^[\w.-]{1,128}$/
const KEY = /^(?:([^:]+:[^:]+:\d+):)?([\w.-]{1,128})$/
const LAST_HASH = String(2n ** 128n - 1n)

/** Kinesis writes 129 digits at most; without a bound a row could keep the event loop for long. */
const LONGEST = 129

const isWhole = (text: string) => /^-?\d+$/.test(text) && Number.isSafeInteger(Number(text))
const isCount = (text: string) => isWhole(text) && Number(text) >= 0
/** Decimals without zeros before them: the longer one is the greater one. */
const isUpTo = (text: string, most: string) =>
  text.length < most.length || (text.length === most.length && text <= most)
const isHash = (text: string) => /^(0|[1-9]\d*)$/.test(text) && isUpTo(text, LAST_HASH)
const isFull = (text: string) => text !== ''

const name: Form = { type: 'S', expected: 'a text that is not empty', fits: isFull }
const hash: Form = { type: 'S', expected: 'a decimal below 2^128', fits: isHash }

/** What is not here, KCL and ours neither read nor take away: it may be anything. */
const FORMS: Readonly<Record<string, Form>> = {
  entityType: { type: 'S', expected: "'LEASE', or none" },
  leaseKey: {
    ...{ type: 'S', required: true, fits: (text) => KEY.test(text) },
    expected: "a shard's id, alone or behind 'account:stream:epoch:'",
  },
  streamName: name,
  shardId: name,
  leaseOwner: name,
  leaseCounter: { type: 'N', required: true, expected: 'a whole number', fits: isWhole },
  checkpoint: {
    ...{ type: 'S', required: true, fits: (text) => text.length <= LONGEST && isCheckpoint(text) },
    expected: 'a sequence number, TRIM_HORIZON, LATEST, AT_TIMESTAMP or SHARD_END',
  },
  checkpointSubSequenceNumber: { type: 'N', expected: 'a whole number from 0 on', fits: isCount },
  ownerSwitchesSinceCheckpoint: {
    ...{ type: 'N', required: true, expected: 'a whole number from 0 on', fits: isCount },
  },
  checkpointOwner: name,
  parentShardId: { type: 'SS', expected: 'ids of shards', fits: (text) => SHARD.test(text) },
  childShardIds: { type: 'SS', expected: 'ids of shards' },
  startingHashKey: hash,
  endingHashKey: hash,
  spaceshipProcess: name,
  spaceshipWanted: name,
  spaceshipJournal: name,
  spaceshipJournalAt: name,
  spaceshipFirst: {
    type: 'S',
    expected: "a sequence number, or '@' and milliseconds",
    fits: (text) => /^\d{1,129}$/.test(text) || timeOf(text) !== undefined,
  },
  application: name,
}

/** Whether a row's key names a shard. */
export const isLeaseKey = (key: string): boolean => KEY.test(key)

/** Each worker asks for each row at each look: what is well costs no words. */
const ALONE = Object.entries(FORMS)

/** Everything that is wrong with a row of leases, in words without its values: those may be anybody's. */
export function problemsIn(row: Row): readonly string[] {
  const wrong = ALONE.filter(([attribute, form]) => !isWell(row[attribute], form))
  if (wrong.length === 0) return togetherProblems(row)
  return wrong.map(([attribute, { type, expected }]) => {
    const value = row[attribute]
    const found = value === undefined ? 'is missing' : `is ${shapeOf(value)}`
    return `'${attribute}' ${found}: expected ${type}, ${expected}`
  })
}

function isWell(value: AttributeValue | undefined, { type, required, fits }: Form): boolean {
  if (value === undefined) return required !== true
  const content = value[type]
  if (content === undefined) return false
  if (fits === undefined) return true
  return typeof content === 'string' ? fits(content) : content.every(fits)
}

/** Of attributes that are well by themselves. */
function togetherProblems(row: Row): string[] {
  const [, stream, shard = ''] = KEY.exec(row.leaseKey?.S ?? '') ?? []
  const [start, end] = [row.startingHashKey?.S, row.endingHashKey?.S]
  const { streamName, shardId } = stream === undefined ? {} : row
  const problems: string[] = []
  if (streamName !== undefined && streamName.S !== stream)
    problems.push("'streamName' is another one than in 'leaseKey': expected the same")
  if (shardId !== undefined && shardId.S !== shard)
    problems.push("'shardId' is another one than in 'leaseKey': expected the same")
  if (row.parentShardId?.SS?.includes(shard) === true)
    problems.push("'parentShardId' names the shard itself: expected others")
  if (start !== undefined && end !== undefined && !isUpTo(start, end))
    problems.push("'endingHashKey' is below 'startingHashKey': expected the end of a range")
  return problems
}

function shapeOf(value: AttributeValue): string {
  const [[type = 'nothing', content] = []] = Object.entries(value)
  if (typeof content === 'string') return `${type} (${content.length} characters)`
  if (content instanceof Uint8Array) return `${type} (${content.length} bytes)`
  return Array.isArray(content) ? `${type} (${content.length} values)` : type
}
