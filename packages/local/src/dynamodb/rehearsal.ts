import { type AwsAnswer, type AwsCall, type Fields, isFields } from '../http/index.ts'
import type { Item } from './attribute.ts'
import type { Touched } from './capture.ts'

/** One write of a transaction as the single operation that would do it. */
export interface Step {
  readonly touched: Touched
  readonly operation: 'PutItem' | 'UpdateItem' | 'DeleteItem'
  readonly input: Fields
  /** False for a ConditionCheck: it is rehearsed but not performed. */
  readonly performed: boolean
  readonly returnsOld: boolean
}

export interface Rehearsal {
  /** What the step would answer, given the item as it is before it. */
  run(step: Step, before: Item | undefined): Promise<AwsAnswer>
  /** After a table was created, changed or deleted. */
  forget(table: string): void
}

/**
 * A stage beside the real tables, on which a transaction's writes are tried before any of them is performed. So nothing
 * ever needs to be rolled back, and no reader sees a write that is cancelled.
 *
 * @param real DynamoDB, whose table definitions are copied
 * @param stage a second, empty DynamoDB
 */
export function rehearsalOn(real: AwsCall, stage: AwsCall): Rehearsal {
  const names = new Map<string, Promise<string>>()
  let count = 0

  async function build(table: string): Promise<string> {
    const name = `stage-${++count}`
    const { output } = demand(await real('DescribeTable', { TableName: table }))
    const definition = isFields(output.Table) ? output.Table : {}
    const indexes = copiesOf(definition.GlobalSecondaryIndexes)
    const localIndexes = copiesOf(definition.LocalSecondaryIndexes)
    const created = await stage('CreateTable', {
      TableName: name,
      AttributeDefinitions: definition.AttributeDefinitions,
      KeySchema: definition.KeySchema,
      ProvisionedThroughput: CAPACITY,
      ...(indexes.length > 0 && {
        GlobalSecondaryIndexes: indexes.map((index) => ({ ...index, ProvisionedThroughput: CAPACITY })),
      }),
      ...(localIndexes.length > 0 && { LocalSecondaryIndexes: localIndexes }),
    })
    demand(created)
    await tableReady(stage, name)
    return name
  }

  async function nameOf(table: string): Promise<string> {
    const known = names.get(table)
    if (known !== undefined) return known
    const name = build(table)
    names.set(table, name)
    return name
  }

  async function run({ touched, operation, input }: Step, before: Item | undefined): Promise<AwsAnswer> {
    const name = await nameOf(touched.table)
    const scene =
      before === undefined
        ? await stage('DeleteItem', { TableName: name, Key: touched.key })
        : await stage('PutItem', { TableName: name, Item: before })
    return scene.ok ? stage(operation, { ...input, TableName: name }) : scene
  }
  return { run, forget: (table) => void names.delete(table) }
}

const CAPACITY = { ReadCapacityUnits: 1, WriteCapacityUnits: 1 }

/** Waits until a table is ACTIVE; with no artificial delay that is a matter of a few turns. */
export async function tableReady(call: AwsCall, table: string): Promise<void> {
  for (;;) {
    const { output } = demand(await call('DescribeTable', { TableName: table }))
    if (isFields(output.Table) && output.Table.TableStatus === 'ACTIVE') return
    await new Promise((resolve) => setImmediate(resolve))
  }
}

function demand(answer: AwsAnswer): { readonly output: Fields } {
  if (answer.ok) return answer
  throw new Error(`the embedded DynamoDB refused its own call: ${answer.error} ${answer.message}`)
}

function copiesOf(indexes: unknown): Fields[] {
  if (!Array.isArray(indexes)) return []
  return indexes.map(({ IndexName, KeySchema, Projection }) => ({ IndexName, KeySchema, Projection }))
}
