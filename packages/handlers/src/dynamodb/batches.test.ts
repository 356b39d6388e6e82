import { DynamoDBServiceException } from '@aws-sdk/client-dynamodb'
import type { SetOptions, StateValue } from '@spaceship/core/ports'
import { describe, expect, test } from 'vitest'
import { dynamodbState } from './index.ts'

type Input = Record<string, unknown> & { readonly Statements?: readonly Statement[] }
interface Statement {
  readonly Statement: string
  readonly Parameters: readonly Record<string, string>[]
  readonly ReturnValuesOnConditionCheckFailure: string
}
type Answer = Readonly<Record<string, unknown>> | undefined

const now = () => 1_000_000
const expiresAt = new Date(2_000_500)

/**
 * A store over a client that answers as told: `batch` for a BatchExecuteStatement, `put` for a PutItem. Windows end when the
 * test says so.
 */
function subject({
  sorted = false,
  batch = ({ Statements = [] }) => ({ Responses: Statements.map(() => ({ TableName: 'state' })) }),
  put = () => ({}),
}: {
  readonly sorted?: boolean
  readonly batch?: (input: Input) => Answer
  readonly put?: (input: Input) => Answer
} = {}) {
  const batches: (readonly Statement[])[] = []
  const puts: Input[] = []
  const windows: (() => void)[] = []
  const client = {
    send: async ({ input }: { readonly input: Input }) => {
      if (input.Statements === undefined) {
        puts.push(input)
        return put(input)
      }
      batches.push(input.Statements)
      return batch(input)
    },
  }
  const store = dynamodbState({
    // Of the client, `send` alone is used.
    client: client as never,
    table: 'state',
    sorted,
    batched: true,
    now,
    sleep: (ms) => {
      expect(ms).toBe(2)
      return new Promise<void>((resolve) => windows.push(resolve))
    },
  })
  const endWindow = () => {
    for (const end of windows.splice(0)) end()
  }
  const set = (key: string, options: Partial<SetOptions> = {}, value: StateValue = { n: 1 }) =>
    store.set(key, value, { expect: undefined, ...options })
  /** Sets of these keys, which come within one window. */
  const together = (...keys: readonly (readonly [string, Partial<SetOptions>?])[]) => {
    const all = Promise.allSettled(keys.map(([key, options]) => set(key, options)))
    endWindow()
    return all
  }
  return { batches, puts, set, together, endWindow }
}

const settled = () => new Promise((resolve) => setImmediate(resolve))
/** Answers the first statement with this error, and the others with success. */
const first = (error: Answer) => () => ({
  Responses: [{ Error: error, TableName: 'state' }, { TableName: 'state' }],
})
const written = { status: 'fulfilled', value: { ok: true, version: expect.any(String) } }
const item = (version: string, rest: Answer = {}) => ({
  key: { S: 'a' },
  value: { S: '{"n":7}' },
  version: { S: version },
  ...rest,
})

describe('requests', () => {
  test('up to 25 go out as one, at once when they are 25; the rest when the window is over', async () => {
    const { batches, puts, set, endWindow } = subject()
    const sets = Array.from({ length: 60 }, (_, n) => set(`k${n}`))
    await settled()
    expect(batches.map(({ length }) => length)).toEqual([25, 25])
    endWindow()
    const results = await Promise.all(sets)
    expect(batches.map(({ length }) => length)).toEqual([25, 25, 10])
    expect(puts).toEqual([])
    const versions = batches.flat().map(({ Parameters }) => Parameters[2]?.S)
    expect(results).toEqual(versions.map((version) => ({ ok: true, version })))
    expect(new Set(versions).size).toBe(60)
  })

  test('one that stays alone goes out as the plain conditional write', async () => {
    const { batches, puts, together } = subject()
    expect(await together(['a'])).toEqual([written])
    expect([batches.length, puts.length]).toEqual([0, 1])
    expect(puts[0]).toMatchObject({ ConditionExpression: expect.stringContaining('attribute_not_exists') })
  })

  test('two of one key never travel together', async () => {
    const { batches, puts, together } = subject()
    expect(await together(['a'], ['b'], ['a'], ['c'], ['a'])).toEqual(Array(5).fill(written))
    expect(batches.map((batch) => batch.map(({ Parameters }) => Parameters[0]?.S))).toEqual([
      ['a', 'b'],
      ['a', 'c'],
    ])
    expect(puts.length).toBe(1)
  })

  test('large values are spread over several', async () => {
    const { batches, puts, set, endWindow } = subject()
    const sets = ['a', 'b', 'c', 'd'].map((key) => set(key, {}, { text: 'x'.repeat(300_000) }))
    endWindow()
    await Promise.all(sets)
    expect([batches.map(({ length }) => length), puts.length]).toEqual([[3], 1])
  })

  test('a value is written as it was when it was handed in', async () => {
    const { batches, set, endWindow } = subject()
    const value = { list: [1] }
    const sets = [set('a', {}, value), set('b')]
    value.list.push(2)
    endWindow()
    await Promise.all(sets)
    expect(batches[0]?.[0]?.Parameters[1]).toEqual({ S: '{"list":[1]}' })
  })

  test('a value that is no JSON fails alone', async () => {
    const { set, endWindow } = subject()
    const circle: Record<string, unknown> = {}
    circle.self = circle
    // What a caller without types can hand in.
    const sets = [set('a'), set('b', {}, circle as StateValue), set('c')]
    endWindow()
    const states = (await Promise.allSettled(sets)).map(({ status }) => status)
    expect(states).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  })
})

describe('statements', () => {
  test('in a sorted table name both keys, of a listed key and of any other', async () => {
    const { batches, together } = subject({ sorted: true })
    await together(
      ['a//b'],
      ['c', { expiresAt }],
      ['a//d', { expect: 'v' }],
      ['e', { expect: 'v', expiresAt }],
    )
    const version = { S: expect.stringMatching(/^[\da-f-]{36}$/) }
    const value = { S: '{"n":1}' }
    const where = `WHERE "key" = ? AND "sort" = ? AND "version" = ? AND`
    expect(batches[0]).toMatchObject([
      {
        Statement: `INSERT INTO "state" VALUE {'key': ?, 'value': ?, 'version': ?, 'sort': ?}`,
        Parameters: [{ S: 'a' }, value, version, { S: '/b' }],
      },
      {
        Statement: `INSERT INTO "state" VALUE {'key': ?, 'value': ?, 'version': ?, 'expiresAt': ?, 'sort': ?}`,
        Parameters: [{ S: 'c' }, value, version, { N: '2001' }, { S: '-' }],
      },
      {
        Statement: expect.stringContaining(where),
        Parameters: [value, version, { S: 'a' }, { S: '/d' }, { S: 'v' }, { N: '1000' }],
      },
      {
        Statement: expect.stringContaining(where),
        Parameters: [value, version, { N: '2001' }, { S: 'e' }, { S: '-' }, { S: 'v' }, { N: '1000' }],
      },
    ])
  })

  test('have their condition, and no value but in parameters', async () => {
    const { batches, together } = subject()
    const hostile = `x'} ; DELETE FROM "state`
    await together(
      [hostile],
      ['b', { expiresAt }],
      ['c', { expect: hostile }],
      ['d', { expect: 'v', expiresAt }],
    )
    const [fresh, lasting, next, renewed] = batches[0] ?? []
    const version = { S: expect.stringMatching(/^[\da-f-]{36}$/) }
    const value = { S: '{"n":1}' }
    const condition = `WHERE "key" = ? AND "version" = ? AND ("expiresAt" IS MISSING OR "expiresAt" > ?)`
    expect(fresh).toEqual({
      Statement: `INSERT INTO "state" VALUE {'key': ?, 'value': ?, 'version': ?}`,
      Parameters: [{ S: hostile }, value, version],
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    })
    expect(lasting).toMatchObject({
      Statement: `INSERT INTO "state" VALUE {'key': ?, 'value': ?, 'version': ?, 'expiresAt': ?}`,
      Parameters: [{ S: 'b' }, value, version, { N: '2001' }],
    })
    expect(next).toMatchObject({
      Statement: `UPDATE "state" SET "value" = ? SET "version" = ? REMOVE "expiresAt" ${condition}`,
      Parameters: [value, version, { S: 'c' }, { S: hostile }, { N: '1000' }],
    })
    expect(renewed).toMatchObject({
      Statement: `UPDATE "state" SET "value" = ? SET "version" = ? SET "expiresAt" = ? ${condition}`,
      Parameters: [value, version, { N: '2001' }, { S: 'd' }, { S: 'v' }, { N: '1000' }],
    })
  })

  test('an ARN is no table that a statement can name', () => {
    const table = 'arn:aws:dynamodb:eu-central-1:000000000000:table/state'
    // It is never called.
    const client = { send: () => {} } as never
    expect(() => dynamodbState({ client, table, batched: true })).toThrow(/not an ARN/)
    expect(() => dynamodbState({ client, table })).not.toThrow()
  })
})

describe('answers of one statement, which no other is touched by', () => {
  const throttled = [
    'ThrottlingError',
    'ProvisionedThroughputExceeded',
    'RequestLimitExceeded',
    'TransactionConflict',
    'InternalServerError',
    'ResourceNotFound',
  ]
  test.each(throttled)('%s is an outage', async (Code) => {
    const { puts, together } = subject({ batch: first({ Code, Message: 'no' }) })
    const [outage, other] = await together(['a', { expect: 'v' }], ['b'])
    expect(outage).toMatchObject({ reason: { code: 'unavailable', message: expect.stringContaining(Code) } })
    expect([other, puts]).toEqual([written, []])
  })

  test('AccessDenied names the actions to grant', async () => {
    const { puts, together } = subject({ batch: first({ Code: 'AccessDenied', Message: 'no' }) })
    const [denied, other] = await together(['a'], ['b'])
    const message = expect.stringContaining('dynamodb:PartiQLInsert and dynamodb:PartiQLUpdate')
    const setup = { reason: 'denied', resource: "table 'state'", advice: message }
    expect(denied).toMatchObject({ reason: { code: 'unavailable', message, setup } })
    expect([other, puts]).toEqual([written, []])
  })

  test('ConditionalCheckFailed with the item: it lost, and is told to what', async () => {
    const Item = item('theirs', { expiresAt: { N: '1001' } })
    const { puts, together } = subject({ batch: first({ Code: 'ConditionalCheckFailed', Item }) })
    const [lost] = await together(['a', { expect: 'v' }], ['b'])
    const current = { value: { n: 7 }, version: 'theirs' }
    expect(lost).toEqual({ status: 'fulfilled', value: { ok: false, current } })
    expect(puts).toEqual([])
  })

  test('ConditionalCheckFailed with an item that has expired: it lost, and nothing is there', async () => {
    const Item = item('v', { expiresAt: { N: '1000' } })
    const { together } = subject({ batch: first({ Code: 'ConditionalCheckFailed', Item }) })
    const [lost] = await together(['a', { expect: 'v' }], ['b'])
    expect(lost).toEqual({ status: 'fulfilled', value: { ok: false, current: undefined } })
  })

  test('ConditionalCheckFailed with its own item: the request came twice, and it is written', async () => {
    const batch = ({ Statements = [] }: Input) => {
      const Item = item(Statements[0]?.Parameters[1]?.S ?? '')
      return { Responses: [{ Error: { Code: 'ConditionalCheckFailed', Item } }, {}] }
    }
    const { puts, together } = subject({ batch })
    expect(await together(['a', { expect: 'v' }], ['b'])).toEqual([written, written])
    expect(puts).toEqual([])
  })

  describe('DuplicateItem, which does not say whether that item has expired', () => {
    const over = `WHERE "key" = ? AND "expiresAt" <= ?`
    const isInsert = ({ Statement }: Statement) => Statement.startsWith('INSERT')
    /** Everything is there already; `then` is the answer to those who ask again, together. */
    function taken(then: (statement: Statement) => Answer) {
      const batch = ({ Statements = [] }: Input) => ({
        Responses: Statements.map((one) =>
          isInsert(one) ? { Error: { Code: 'DuplicateItem' } } : then(one),
        ),
      })
      const given = subject({ batch })
      return {
        ...given,
        ends: async () => {
          const all = given.together(['a'], ['b', { expiresAt }])
          await settled()
          given.endWindow()
          return all
        },
      }
    }

    test('is asked again in a batch, and is written if it has', async () => {
      const { batches, puts, ends } = taken(() => ({}))
      expect(await ends()).toEqual([written, written])
      const [a, b] = batches[1] ?? []
      expect(a).toEqual({
        Statement: `UPDATE "state" SET "value" = ? SET "version" = ? REMOVE "expiresAt" ${over}`,
        Parameters: [{ S: '{"n":1}' }, batches[0]?.[0]?.Parameters[2], { S: 'a' }, { N: '1000' }],
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      })
      expect(b).toMatchObject({
        Statement: `UPDATE "state" SET "value" = ? SET "version" = ? SET "expiresAt" = ? ${over}`,
      })
      expect([batches.length, puts]).toEqual([2, []])
    })

    test('is told of the item if it has not', async () => {
      const { puts, ends } = taken(() => ({
        Error: { Code: 'ConditionalCheckFailed', Item: item('theirs') },
      }))
      const lost = { ok: false, current: { value: { n: 7 }, version: 'theirs' } }
      expect(await ends()).toEqual(Array(2).fill({ status: 'fulfilled', value: lost }))
      expect(puts).toEqual([])
    })

    test('is written if that item is its own: the request came twice', async () => {
      const { ends } = taken(({ Parameters }) => {
        const Item = item(Parameters[1]?.S ?? '')
        return { Error: { Code: 'ConditionalCheckFailed', Item } }
      })
      expect(await ends()).toEqual([written, written])
    })

    test('is asked alone if no other asks again', async () => {
      const given = subject({ batch: first({ Code: 'DuplicateItem' }) })
      const all = given.together(['a'], ['b'])
      await settled()
      given.endWindow()
      expect(await all).toEqual([written, written])
      expect(given.puts).toMatchObject([
        { Item: { key: { S: 'a' } }, ConditionExpression: expect.stringContaining('#expiresAt <= :now') },
      ])
    })

    test.each(['ConditionalCheckFailed', 'DuplicateItem'])(
      'is asked alone if the answer is %s, and no item',
      async (Code) => {
        const { puts, ends } = taken(() => ({ Error: { Code } }))
        expect(await ends()).toEqual([written, written])
        expect(puts.length).toBe(2)
      },
    )
  })

  test.each([
    ['ConditionalCheckFailed without the item', first({ Code: 'ConditionalCheckFailed' })],
    ['ValidationError', first({ Code: 'ValidationError' })],
    ['a code that nobody knows', first({ Code: 'Novel' })],
    ['no code', first({})],
    ['no answer', () => ({ Responses: [] })],
    ['no answers', () => ({})],
  ])('%s is asked alone, by the same write', async (_, batch) => {
    const { batches, puts, together } = subject({ batch })
    const results = await together(['a'], ['b'])
    expect(results).toEqual([written, written])
    const versions = batches[0]?.map(({ Parameters }) => Parameters[2])
    for (const { Item } of puts) expect(versions).toContainEqual(Object(Item).version)
  })
})

describe('a request that fails as a whole', () => {
  test('for want of DynamoDB is an outage for each, and nothing is tried alone', async () => {
    const batch = () => {
      throw Object.assign(new Error('connect ECONNRESET'), { code: 'ECONNRESET' })
    }
    const { puts, together } = subject({ batch })
    for (const result of await together(['a'], ['b'], ['c']))
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'unavailable' } })
    expect(puts).toEqual([])
  })

  test('for want of permission names the actions to grant', async () => {
    const batch = () => {
      throw failure('AccessDeniedException')
    }
    const { puts, together } = subject({ batch })
    for (const result of await together(['a'], ['b']))
      expect(result).toMatchObject({
        reason: {
          code: 'unavailable',
          setup: { reason: 'denied', advice: expect.stringContaining('grant') },
        },
      })
    expect(puts).toEqual([])
  })

  test('for one write that DynamoDB cannot read is repeated one by one, and fails for that one', async () => {
    const batch = () => {
      throw failure('ValidationException')
    }
    const put = ({ Item }: Input) => {
      if (Object(Item).key.S === 'bad') throw failure('ValidationException')
      return {}
    }
    const { together } = subject({ batch, put })
    const [a, bad, b] = await together(['a'], ['bad'], ['b'])
    expect([a, b]).toEqual([written, written])
    expect(bad).toMatchObject({
      status: 'rejected',
      reason: { code: 'permanent', cause: { name: 'ValidationException' } },
    })
  })

  test('for another reason fails for each as it came', async () => {
    const batch = () => {
      throw failure('SomethingNewException')
    }
    const { puts, together } = subject({ batch })
    for (const result of await together(['a'], ['b']))
      expect(result).toMatchObject({ reason: { name: 'SomethingNewException' } })
    expect(puts).toEqual([])
  })
})

test('a plain write whose answer was lost and which is repeated is written', async () => {
  const put = ({ Item }: Input) => {
    throw failure('ConditionalCheckFailedException', { Item })
  }
  const { together } = subject({ put })
  expect(await together(['a', { expect: 'v' }])).toEqual([written])
})

function failure(name: string, rest: Answer = {}): Error {
  const exception = new DynamoDBServiceException({
    name,
    $fault: 'client',
    $metadata: { httpStatusCode: 400 },
  })
  return Object.assign(exception, rest)
}
