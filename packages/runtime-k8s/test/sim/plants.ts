/** Owns faults that a test plants into our workers, to show that the simulation finds them. They are nowhere but here. */

import { PutItemCommand, ScanCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { GetRecordsCommand } from '@aws-sdk/client-kinesis'
import type { Item } from '../../src/leases/lease.ts'
import { shardIn } from '../../src/testing/book.ts'
import type { Plant } from '../../src/testing/plant.ts'

/** Each made anew for a run: some remember. */
export const PLANTS: Readonly<Record<string, () => Plant>> = {
  'renewal without progress': () => {
    const reads = counter()
    return {
      patient: true,
      answer: (command, answer, member) =>
        command instanceof GetRecordsCommand && reads(member) === 40 ? undefined : answer(command),
    }
  },
  'a reader that stops silently': () => {
    const reads = counter()
    return {
      answer: (command, answer, member) => {
        if (!(command instanceof GetRecordsCommand)) return answer(command)
        const shard = command.input.ShardIterator?.split('/')[0] ?? ''
        if (reads(`${member} ${shard}`) < 10) return answer(command)
        return { Records: [], MillisBehindLatest: 0, NextShardIterator: command.input.ShardIterator }
      },
    }
  },
  'a checkpoint past a gap': () => {
    const read = new Map<string, string>()
    return {
      answer: (command, answer) => {
        if (command instanceof GetRecordsCommand) return noted(command, answer(command), read)
        return answer(command instanceof UpdateItemCommand ? advanced(command, read) : command)
      },
    }
  },
  'a child before its parent': () => ({
    answer: (command, answer) => {
      const output = answer(command)
      if (!(command instanceof ScanCommand)) return output
      // What the fake answers to a scan.
      const { Items, ...rest } = output as { readonly Items: readonly Item[] }
      return { ...rest, Items: Items.map(({ parentShardId: _, ...item }) => item) }
    },
  }),
  'a write after loss': () => ({
    answer: (command, answer) => answer(isUpdateOf(command, 'checkpoint') ? unconditional(command) : command),
  }),
  'a lost renewal taken for success': () => ({
    answer: (command, answer, member) => {
      if (!(command instanceof UpdateItemCommand) || isUpdateOf(command, 'leaseOwner')) return answer(command)
      try {
        return answer(command)
      } catch (error) {
        if (!(error instanceof Error) || error.name !== 'ConditionalCheckFailedException') throw error
        return pretended(command, member)
      }
    },
  }),
  'expiry judged by the wall clock': () => ({ monotonic: 'wall' }),
  'a take without condition': () => ({
    answer: (command, answer) => answer(isUpdateOf(command, 'leaseOwner') ? unconditional(command) : command),
  }),
  'a shard end without children': () => ({
    answer: (command, answer) =>
      command instanceof PutItemCommand && command.input.Item?.parentShardId !== undefined
        ? {}
        : answer(command),
  }),
  'a deleted row that nobody makes again': () => {
    const made = new Set<string>()
    return {
      answer: (command, answer) => {
        if (!(command instanceof PutItemCommand)) return answer(command)
        const key = command.input.Item?.leaseKey?.S ?? ''
        if (made.has(key)) return {}
        const output = answer(command)
        made.add(key)
        return output
      },
    }
  },
  'a lease kept after a stall': () => ({ monotonic: 'awake' }),
}

function counter(): (who: string) => number {
  const counts = new Map<string, number>()
  return (who) => {
    const count = (counts.get(who) ?? 0) + 1
    counts.set(who, count)
    return count
  }
}

function isUpdateOf(command: unknown, attribute: string): command is UpdateItemCommand {
  return (
    command instanceof UpdateItemCommand &&
    command.input.ExpressionAttributeValues?.[`:${attribute}`] !== undefined
  )
}

function unconditional({ input }: UpdateItemCommand): UpdateItemCommand {
  const { ConditionExpression: _, ...rest } = input
  // What the condition alone has named would be refused.
  const left = new Set(rest.UpdateExpression?.match(/[#:]\w+/g))
  const used = <T>(given: Readonly<Record<string, T>> = {}) =>
    Object.fromEntries(Object.entries(given).filter(([name]) => left.has(name)))
  return new UpdateItemCommand({
    ...rest,
    ExpressionAttributeNames: used(rest.ExpressionAttributeNames),
    ExpressionAttributeValues: used(rest.ExpressionAttributeValues),
  })
}

function noted(command: GetRecordsCommand, output: object, read: Map<string, string>): object {
  // What the fake answers.
  const { Records } = output as { readonly Records: readonly { readonly SequenceNumber: string }[] }
  const last = Records.at(-1)?.SequenceNumber
  if (last !== undefined) read.set(command.input.ShardIterator?.split('/')[0] ?? '', last)
  return output
}

function advanced(command: UpdateItemCommand, read: ReadonlyMap<string, string>): UpdateItemCommand {
  const { input } = command
  const to = read.get(shardIn(input.Key?.leaseKey?.S ?? ''))
  const at = input.ExpressionAttributeValues?.[':checkpoint']?.S
  if (to === undefined || at === undefined || !/^\d+$/.test(at) || at >= to) return command
  const values = { ...input.ExpressionAttributeValues, ':checkpoint': { S: to } }
  return new UpdateItemCommand({ ...input, ExpressionAttributeValues: values })
}

/** As if the row were still the worker's. */
function pretended({ input }: UpdateItemCommand, member: string): object {
  const { ':leaseCounter': leaseCounter = { N: '0' }, ':checkpoint': checkpoint = { S: 'TRIM_HORIZON' } } =
    input.ExpressionAttributeValues ?? {}
  const ownerSwitchesSinceCheckpoint = { N: '0' }
  const row = { leaseOwner: { S: member }, leaseCounter, checkpoint, ownerSwitchesSinceCheckpoint }
  return { Attributes: { ...input.Key, ...row } }
}
