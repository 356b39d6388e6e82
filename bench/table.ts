/**
 * A stand-in for the client of DynamoDB, which counts requests and the capacity that they consume: one table in this process that knows the
 * conditional writes of `dynamodbState`, alone and in batches, and its reads. It answers after a round trip's time, as a table in the same
 * region does.
 *
 * | what is asked                             | units, by DynamoDB's documented rules                                  |
 * |-------------------------------------------|------------------------------------------------------------------------|
 * | a write, alone or a statement of a batch  | 1 for each started KB of the larger one of the item before and after   |
 * | a write whose condition fails             | 1 for each started KB of the item that is there, 1 if there is none    |
 * | a strongly consistent read                | 1 for each started 4 KB, 1 if there is none                            |
 */

type Attributes = Readonly<Record<string, { readonly S?: string; readonly N?: string }>>

interface Input {
  readonly Item?: Attributes
  readonly Key?: Attributes
  readonly ExpressionAttributeValues?: Attributes
  readonly Statements?: readonly {
    readonly Statement: string
    readonly Parameters: readonly { readonly S?: string; readonly N?: string }[]
  }[]
}

export interface Cost {
  readonly requests: number
  /** Write request units. */
  readonly writes: number
  /** Read request units. */
  readonly reads: number
}

/** Milliseconds. */
const ROUND_TRIP = 4
const KILOBYTE = 1_024

export function countingTable() {
  const items = new Map<string, Attributes>()
  let [requests, writes, reads] = [0, 0, 0]

  /** False if the item is not at the version that is expected. */
  function write(item: Attributes, expected: string | undefined): boolean {
    const key = item.key?.S ?? ''
    const before = items.get(key)
    const isMet = before?.version?.S === expected
    writes += units(isMet ? Math.max(sizeOf(before), sizeOf(item)) : sizeOf(before), KILOBYTE)
    if (isMet) items.set(key, item)
    return isMet
  }

  function put(item: Attributes, { ExpressionAttributeValues = {} }: Input) {
    if (write(item, ExpressionAttributeValues[':version']?.S)) return {}
    const failure = { name: 'ConditionalCheckFailedException', Item: items.get(item.key?.S ?? '') }
    throw Object.assign(new Error('the condition failed'), failure)
  }

  function get(key: Attributes) {
    const Item = items.get(key.key?.S ?? '')
    reads += units(sizeOf(Item), 4 * KILOBYTE)
    return Item === undefined ? {} : { Item }
  }

  function execute(statements: NonNullable<Input['Statements']>) {
    const Responses = statements.map(({ Statement, Parameters }) => {
      if (Statement.startsWith('INSERT')) {
        const [key = {}, value = {}, version = {}, expiresAt = {}] = Parameters
        return write({ key, value, version, expiresAt }, undefined)
          ? {}
          : { Error: { Code: 'DuplicateItem' } }
      }
      const [value = {}, version = {}, expiresAt = {}, key = {}, expected] = Parameters
      return write({ key, value, version, expiresAt }, expected?.S)
        ? {}
        : { Error: { Code: 'ConditionalCheckFailed', Item: items.get(key.S ?? '') } }
    })
    return { Responses }
  }

  return {
    client: {
      send: async ({ input }: { readonly input: Input }) => {
        requests += 1
        await new Promise((resolve) => setTimeout(resolve, ROUND_TRIP))
        if (input.Statements !== undefined) return execute(input.Statements)
        if (input.Item !== undefined) return put(input.Item, input)
        if (input.Key !== undefined && input.ExpressionAttributeValues === undefined) return get(input.Key)
        throw new Error('this table knows no conditional delete: add it with its cost if a bench needs it')
      },
    },
    cost: (): Cost => ({ requests, writes, reads }),
  }
}

function units(size: number, each: number): number {
  return Math.max(1, Math.ceil(size / each))
}

/** Names and texts by their bytes of UTF-8; a number by two of its digits for each byte, and one more. */
function sizeOf(item: Attributes = {}): number {
  return Object.entries(item).reduce(
    (size, [name, { S = '', N }]) =>
      size +
      Buffer.byteLength(name) +
      Buffer.byteLength(S) +
      (N === undefined ? 0 : Math.ceil(N.length / 2) + 1),
    0,
  )
}
