import type { Shelf } from '../data/index.ts'
import { type AwsCall, type AwsFault, type Fields, isFields } from '../http/index.ts'
import type { Capture } from './capture.ts'
import { missingTable, validation } from './refusal.ts'
import { keyOf, type Tables } from './tables.ts'

/** An item that expired longer ago is left alone, as on AWS: the attribute is hardly a time then. */
const FIVE_YEARS = 5 * 365 * 86_400

export interface TimeToLiveOptions {
  readonly dynalite: AwsCall
  readonly capture: Capture
  readonly tables: Tables
  /** Keeps which attribute of a table says when. */
  readonly shelf: Shelf
}

export interface TimeToLive {
  handle(operation: string, input: Fields): Promise<Fields | AwsFault>
  /** Deletes what has expired by then (milliseconds since 1970), as the service: how many items. */
  expire(now: number): Promise<number>
  forget(table: string): void
  /** The tables of which something is known. */
  named(): readonly string[]
}

/** Time to live, which dynalite lacks. A table is swept when {@link TimeToLive.expire} is called. */
export function timeToLive({ dynalite, capture, tables, shelf }: TimeToLiveOptions): TimeToLive {
  const attributes = new Map(shelf.all().map(([table, attribute]) => [table, String(attribute)]))

  const forget = (table: string) => {
    attributes.delete(table)
    shelf.delete(table)
  }

  async function handle(operation: string, input: Fields): Promise<Fields | AwsFault> {
    const table = String(input.TableName ?? '')
    if ((await tables.keySchema(table)) === undefined) return missingTable
    const known = attributes.get(table)
    if (operation === 'DescribeTimeToLive') {
      const status = known === undefined ? 'DISABLED' : 'ENABLED'
      return {
        TimeToLiveDescription: {
          TimeToLiveStatus: status,
          ...(known !== undefined && { AttributeName: known }),
        },
      }
    }
    const specification = isFields(input.TimeToLiveSpecification) ? input.TimeToLiveSpecification : {}
    const { Enabled: enabled, AttributeName: name } = specification
    if (typeof enabled !== 'boolean' || typeof name !== 'string' || name === '') {
      return validation('TimeToLiveSpecification needs Enabled and AttributeName')
    }
    if (enabled === (known !== undefined)) {
      return validation(`TimeToLive is already ${enabled ? 'enabled' : 'disabled'}`)
    }
    if (enabled) {
      attributes.set(table, name)
      shelf.set(table, name)
    } else forget(table)
    return { TimeToLiveSpecification: specification }
  }

  async function sweep(table: string, attribute: string, now: number): Promise<number> {
    const seconds = Math.floor(now / 1_000)
    const names = { '#ttl': attribute }
    const values = { ':now': { N: String(seconds) }, ':past': { N: String(seconds - FIVE_YEARS) } }
    const expired = '#ttl <= :now AND #ttl > :past'
    const schema = await tables.keySchema(table)
    let deleted = 0
    let from: unknown
    do {
      const page = await dynalite('Scan', {
        TableName: table,
        FilterExpression: expired,
        ExpressionAttributeNames: names,
        ExpressionAttributeValues: values,
        ...(from !== undefined && { ExclusiveStartKey: from }),
      })
      if (!page.ok || schema === undefined) return deleted
      for (const item of Array.isArray(page.output.Items) ? page.output.Items : []) {
        const key = keyOf(schema, item)
        if (key === undefined) continue
        // On condition: a writer may have given the item more time since it was scanned.
        const remove = () =>
          dynalite('DeleteItem', {
            TableName: table,
            Key: key,
            ConditionExpression: expired,
            ExpressionAttributeNames: names,
            ExpressionAttributeValues: values,
          })
        const answer = await capture.around([{ table, key }], remove, { expired: true })
        if (answer.ok) deleted += 1
      }
      from = page.output.LastEvaluatedKey
    } while (from !== undefined)
    return deleted
  }

  async function expire(now: number): Promise<number> {
    let deleted = 0
    for (const [table, attribute] of attributes) deleted += await sweep(table, attribute, now)
    return deleted
  }
  return { handle, expire, forget, named: () => [...attributes.keys()] }
}
