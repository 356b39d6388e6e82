/**
 * A stand-in for the client of DynamoDB: the tables of a fleet in this process, lease table and state, which count the capacity of what is sent. It
 * knows the requests that a worker makes, and refuses all others.
 *
 * | what is asked                        | units, by DynamoDB's documented rules                                |
 * |--------------------------------------|----------------------------------------------------------------------|
 * | a write, also one that is refused    | 1 for each started KB of the larger one of the item before and after |
 * | GetItem, strongly consistent         | 1 for each started 4 KB, 1 if there is none                          |
 * | a page of a Scan or Query            | 1 for each started 4 KB of all its items together                    |
 * | the same, eventually consistent      | half                                                                 |
 */

export interface Value {
  readonly S?: string
  readonly N?: string
  readonly SS?: readonly string[]
}
export type Item = Readonly<Record<string, Value>>

interface Input {
  readonly TableName: string
  readonly Key?: Item
  readonly Item?: Item
  readonly ConsistentRead?: boolean
  readonly Limit?: number
  readonly ConditionExpression?: string
  readonly UpdateExpression?: string
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>>
  readonly ExpressionAttributeValues?: Item
}

export interface Units {
  readonly reads: number
  readonly writes: number
}

/** Units by what was asked: `app Scan`. */
export type Bill = Readonly<Record<string, Units>>

const KILOBYTE = 1_024
/** DynamoDB's bound of a page. */
const PAGE = KILOBYTE * KILOBYTE

export function countingTables() {
  const tables = new Map<string, Map<string, Item>>()
  const bill: Record<string, Units> = {}

  function itemsOf(table: string): Map<string, Item> {
    const known = tables.get(table) ?? new Map<string, Item>()
    tables.set(table, known)
    return known
  }

  function charge(what: string, { reads = 0, writes = 0 }: Partial<Units>): void {
    const before = bill[what] ?? { reads: 0, writes: 0 }
    bill[what] = { reads: before.reads + reads, writes: before.writes + writes }
  }

  function write(action: string, input: Input, after: (before: Item | undefined) => Item | undefined): Item {
    const items = itemsOf(input.TableName)
    const key = keyIn(input.Key ?? input.Item)
    const before = items.get(key)
    const isMet = meets(before, input)
    const changed = isMet ? after(before) : before
    const writes = started(Math.max(sizeOf(before), sizeOf(changed)), KILOBYTE)
    charge(`${input.TableName} ${action}`, { writes })
    if (!isMet)
      throw Object.assign(new Error('the condition failed'), {
        name: 'ConditionalCheckFailedException',
        Item: before,
      })
    if (changed === undefined) items.delete(key)
    else items.set(key, changed)
    return changed ?? {}
  }

  function scan(action: string, input: Input) {
    const items = [...itemsOf(input.TableName).values()].slice(0, input.Limit)
    const bytes = items.reduce((sum, item) => sum + sizeOf(item), 0)
    if (bytes > PAGE) throw new Error('these tables know one page only')
    const each = input.ConsistentRead === true ? 1 : 0.5
    charge(`${input.TableName} ${action}${each === 1 ? '' : ', eventually consistent'}`, {
      reads: each * started(bytes, 4 * KILOBYTE),
    })
    return { Items: items }
  }

  function get({ TableName, Key }: Input) {
    const Item = itemsOf(TableName).get(keyIn(Key))
    charge(`${TableName} GetItem`, { reads: started(sizeOf(Item), 4 * KILOBYTE) })
    return Item === undefined ? {} : { Item }
  }

  return {
    client: {
      send: async (command: { readonly input: Input }) => {
        const { input } = command
        const action = command.constructor.name.replace('Command', '')
        if (action === 'Scan') return scan(action, input)
        // A worker's only query looks for what its own check has written, and the table has one item at most that is like it.
        if (action === 'Query') return scan(action, { ...input, Limit: 1 })
        if (action === 'GetItem') return get(input)
        const change = CHANGES[action]
        if (change !== undefined)
          return { Attributes: write(action, input, (before) => change(before, input)) }
        throw new Error(`these tables know no ${action}: add it with its cost`)
      },
    },
    /** Puts an item without a charge. */
    seed: (table: string, item: Item) => void itemsOf(table).set(keyIn(item), item),
    items: (table: string): readonly Item[] => [...itemsOf(table).values()],
    /** What was charged since the last time. */
    settle: (): Bill => {
      const charged = { ...bill }
      for (const what of Object.keys(bill)) delete bill[what]
      return charged
    },
  }
}

function keyIn(item: Item = {}): string {
  return item.leaseKey?.S ?? `${item.key?.S}\n${item.sort?.S}`
}

/** The conditions that a worker sets, by their words. */
const CONDITIONS: Readonly<Record<string, (item: Item | undefined, values: Item) => boolean>> = {
  '#leaseCounter = :seen': (item, values) => item?.leaseCounter?.N === values[':seen']?.N,
  '#leaseCounter = :seen AND #leaseOwner = :owner': (item, values) =>
    item?.leaseCounter?.N === values[':seen']?.N && item?.leaseOwner?.S === values[':owner']?.S,
  '#leaseCounter = :seen AND (#leaseOwner = :holder OR #checkpointOwner = :holder)': (item, values) =>
    item?.leaseCounter?.N === values[':seen']?.N &&
    [item?.leaseOwner?.S, item?.checkpointOwner?.S].includes(values[':holder']?.S),
  'attribute_exists(leaseKey)': (item) => item !== undefined,
  'attribute_not_exists(leaseKey)': (item) => item === undefined,
  'attribute_not_exists(#key)': (item) => item === undefined,
  'checkpoint = :end': (item, values) => item?.checkpoint?.S === values[':end']?.S,
  // Nothing expires within a run.
  'attribute_not_exists(#key) OR #expiresAt <= :now': (item) => item === undefined,
  '#version = :version AND (attribute_not_exists(#expiresAt) OR #expiresAt > :now)': (item, values) =>
    item?.version?.S === values[':version']?.S,
}

function meets(item: Item | undefined, input: Input): boolean {
  const { ConditionExpression: condition, ExpressionAttributeValues: values = {} } = input
  if (condition === undefined) return true
  const isMet = CONDITIONS[condition]
  if (isMet === undefined) throw new Error(`these tables do not know the condition '${condition}'`)
  return isMet(item, values)
}

const CHANGES: Readonly<Record<string, (before: Item | undefined, input: Input) => Item | undefined>> = {
  PutItem: (_, { Item }) => Item,
  DeleteItem: () => undefined,
  UpdateItem: updated,
}

/** `SET #a = :a, #b = :b REMOVE #c, #d`, as the worker writes it. */
function updated(before: Item = {}, input: Input): Item {
  const { UpdateExpression = '', ExpressionAttributeNames: names = {}, ExpressionAttributeValues } = input
  const [sets = '', removes = ''] = UpdateExpression.replace(/^SET /, '').split(' REMOVE ')
  const item: Record<string, Value> = { ...before }
  for (const set of sets.split(', ')) {
    const [name = '', value = ''] = set.split(' = ')
    item[names[name] ?? name] = ExpressionAttributeValues?.[value] ?? {}
  }
  for (const name of removes.split(', ')) delete item[names[name] ?? name]
  return item
}

export function started(bytes: number, each: number): number {
  return Math.max(1, Math.ceil(bytes / each))
}

/** Names and texts by their bytes of UTF-8; a number by two of its digits for each byte, and one more. */
export function sizeOf(item: Item = {}): number {
  let size = 0
  for (const [name, { S = '', N, SS = [] }] of Object.entries(item)) {
    size += Buffer.byteLength(name) + Buffer.byteLength(S)
    for (const text of SS) size += Buffer.byteLength(text)
    if (N !== undefined) size += Math.ceil(N.length / 2) + 1
  }
  return size
}
