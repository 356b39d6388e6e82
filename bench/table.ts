/**
 * A stand-in for the client of DynamoDB, which counts: one table in this process that knows the conditional writes of
 * `dynamodbState`, alone and in batches. It answers after a round trip's time, as a table in the same region does.
 */

type Attributes = Readonly<Record<string, { readonly S?: string; readonly N?: string }>>

interface Input {
  readonly Item?: Attributes
  readonly ExpressionAttributeValues?: Attributes
  readonly Statements?: readonly {
    readonly Statement: string
    readonly Parameters: readonly { readonly S?: string }[]
  }[]
}

/** Milliseconds. */
const ROUND_TRIP = 4

export function countingTable() {
  const versions = new Map<string, string>()
  let requests = 0

  /** False if the item is not at the version that is expected. */
  function write(key = '', version = '', expected: string | undefined): boolean {
    if (versions.get(key) !== expected) return false
    versions.set(key, version)
    return true
  }

  function put({ Item = {}, ExpressionAttributeValues = {} }: Input) {
    if (!write(Item.key?.S, Item.version?.S, ExpressionAttributeValues[':version']?.S))
      throw Object.assign(new Error('the condition failed'), { name: 'ConditionalCheckFailedException' })
    return {}
  }

  function execute(statements: NonNullable<Input['Statements']>) {
    const Responses = statements.map(({ Statement, Parameters }) => {
      const texts = Parameters.flatMap(({ S }) => (S === undefined ? [] : [S]))
      if (Statement.startsWith('INSERT')) {
        const [key, , version] = texts
        return write(key, version, undefined) ? {} : { Error: { Code: 'DuplicateItem' } }
      }
      const [, version, key, expected] = texts
      return write(key, version, expected) ? {} : { Error: { Code: 'ConditionalCheckFailed' } }
    })
    return { Responses }
  }

  return {
    client: {
      send: async ({ input }: { readonly input: Input }) => {
        requests += 1
        await new Promise((resolve) => setTimeout(resolve, ROUND_TRIP))
        if (input.Statements !== undefined) return execute(input.Statements)
        if (input.Item !== undefined) return put(input)
        throw new Error('this table knows writes only')
      },
    },
    requests: () => requests,
  }
}
