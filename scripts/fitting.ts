/** Owns values that fit shapes: every option of an object, one item of a list, else an example of the shape's own words. */

import { entity, event, reactor, reminder } from '../packages/core/src/index.ts'
import {
  memoryDeadLetters,
  memoryEntities,
  memoryEvents,
  memoryReferences,
  memoryScheduler,
  memoryState,
  memoryTimeline,
} from '../packages/core/src/memory/index.ts'
import { systemClock } from '../packages/core/src/ports/index.ts'
import type { Shape, Shapes } from '../packages/core/src/shapes.ts'
import { searchIndex } from '../packages/handlers/src/opensearch/index.ts'
import { memorySearch } from '../packages/handlers/src/testing/index.ts'
import { createEmulators } from '../packages/local/src/index.ts'

export const schema = {
  '~standard': { version: 1, vendor: 'test', validate: (value: unknown) => ({ value }) },
} as const
// The schema does not say which attributes there are.
export const Client = entity('client', { table: 'clients', key: 'id' as never, schema })
export const joined = Client.created('joined')
export const paid = event('paid', { schema, key: () => 'k' })
export const due = reminder('due', { payload: schema, key: () => 'k' })
export const greeter = () => reactor('greeter').on('greet', joined, () => {})
export const made = greeter()
/** With a route that a backfill can run. */
export const filling = reactor('filling').on('fill', Client.saved('saved'), () => {})
export const client = { send: () => {}, transport: { request: () => {} } }
export const ports = {
  state: memoryState(),
  deadLetters: memoryDeadLetters(),
  entities: memoryEntities(),
  events: memoryEvents(),
  references: memoryReferences(),
  scheduler: memoryScheduler(),
  timeline: memoryTimeline(),
}
/** A schema that says what its documents look like. */
export const telling = {
  '~standard': { ...schema['~standard'], jsonSchema: { output: () => ({ properties: {} }) } },
}
export const kept = searchIndex('docs', telling)
const keeper = memorySearch().keeper(kept)
const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const at = new Date('2026-01-01T00:00:00Z')

/** The first that fits is taken. A port has more methods than the one that a shape asks for, so each kind of port stands here. */
const POOL: readonly unknown[] = [
  ...['name', 5, true, () => {}, at],
  ...Object.values(ports),
  ...[systemClock, logger, client, schema, Client, joined, paid, due, made, kept, keeper],
  createEmulators(),
  // An ARN is a URL, too.
  ...['https://example.org', 0.5, process.execPath],
  ...['arn:aws:kinesis:us-east-1:000000000000:stream/ingress', 'arn:aws:iam::000000000000:role/scheduler'],
  ...['https://sqs.test/1/orders', 'arn:aws:sns:us-east-1:000000000000:orders', 2_048],
]

/** Says that the table is there and can be used: nothing is waited for. */
export const existing = {
  send: async (command: object) => {
    if (command.constructor.name === 'DescribeTableCommand') return { Table: { TableStatus: 'ACTIVE' } }
    if (command.constructor.name === 'DescribeTimeToLiveCommand')
      return { TimeToLiveDescription: { TimeToLiveStatus: 'ENABLED', AttributeName: 'expiresAt' } }
    throw Object.assign(new Error(), { name: 'ResourceInUseException' })
  },
}

/** Taken as wholes: what is inside of them is their maker's affair. */
export const leaves: ReadonlySet<unknown> = new Set<unknown>([
  ...POOL.filter((value) => typeof value === 'object'),
  existing,
  telling,
  filling,
])

export function fitting(shape: Shape): unknown {
  const { expected, fits, fields, items } = shape
  if (items !== undefined) return [fitting(items)]
  // A function may have fields of its own, which its maker gives it.
  if (fields !== undefined && fits({})) return allOf(fields)
  const named = [...expected.matchAll(/'([^']+)'/g)].map(([, word]) => word)
  const found = [...named, ...POOL].find((value) => fits(value))
  if (found === undefined) throw new Error(`nothing fits "${expected}": add one to the pool`)
  return found
}

export function allOf(shapes: Shapes): Record<string, unknown> {
  return Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, fitting(shape)]))
}

/** The shape of what stands in a spot of the arguments, where one says it. @param names of the arguments, then of what is inside */
export function shapeAt(shapes: Shapes, [name, ...rest]: readonly string[]): Shape | undefined {
  let shape = name === undefined ? undefined : shapes[name]
  for (const inner of rest) {
    const item = shape?.items
    shape = item ?? shape?.fields?.[inner]
  }
  return shape
}
