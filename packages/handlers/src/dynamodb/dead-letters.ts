/**
 * Owns dead letters in a DynamoDB table, beside or instead of state. A record may be larger than an item (10 MiB against
 * 400 KB); then its bytes stand in items of their own, and the header, written last, says where.
 *
 * | key                                       | attributes                                                               |
 * |-------------------------------------------|--------------------------------------------------------------------------|
 * | `APP/dead-letter/<id without APP>`        | `letter` S: all but the bytes, as JSON; `application` S; and `data` B,   |
 * |                                           | or `parts` N with their `token` S                                        |
 * | `APP/dead-letter-part/<token>/<part>`     | `data` B                                                                 |
 *
 * In a sorted table `letter-index.ts` says in which order they came.
 *
 * A letter exists once it has a header, and goes with it. The parts of each `put` have a token of their own, so one that is
 * cut short, or comes while the letter is removed, can leave parts that nobody reads, but never a letter without its bytes. A repeat in the
 * same process goes on with the parts that are missing: a table that takes a few of them at a time has them all in the end. If somebody
 * else removes bytes, the letter is told, and stays: it is neither absent nor empty.
 */

import {
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  ScanCommand,
} from '@aws-sdk/client-dynamodb'
import { SpaceshipError } from '@spaceship/core'
import { bare, check, exactJson, flag, type ShapesOf, sha256 } from '@spaceship/core/adapter'
import type { DeadLetter, DeadLetters } from '@spaceship/core/ports'
import { nameOf } from '../aws/index.ts'
import { readAhead } from '../letters/index.ts'
import { createAnswered } from './call.ts'
import { type Item, TABLE } from './item.ts'
import { createLetterIndex, type LetterIndex } from './letter-index.ts'
import { applicationOf, nameAt, placed } from './place.ts'
import { ensureStateTable } from './table.ts'

/** Leaves room for the letter's words in an item of 400 KB. */
const PART = 350_000

const LARGEST_ITEM = 400_000

/** Letters whose parts this process goes on with; the bytes of another one's repeat are written anew. */
const MOST_BEGUN = 100

/** Nothing was written. */
const REFUSED: ReadonlySet<string> = new Set([
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'ThrottlingException',
])

interface Begun {
  readonly token: string
  /** Of the bytes. */
  readonly digest: string
  written: number
}

export interface DynamoDBDeadLettersOptions {
  readonly client: DynamoDBClient
  /** A table with the string partition key `key`: the state table will do. */
  readonly table: string
  /** Says that the table has the string sort key `sort`, too: then each item sorts under `-`. @default false */
  readonly sorted?: boolean
  /** Lets the check at the start of a process make the table, and its time to live, if it is missing. @default on the embedded spaceship only */
  readonly create?: boolean
}

export const DEAD_LETTERS = {
  options: bare({ ...TABLE, create: flag } satisfies ShapesOf<DynamoDBDeadLettersOptions>),
}

/**
 * DeadLetters in a DynamoDB table. Grant GetItem, PutItem and DeleteItem; to who lists them Query in a sorted table, and Scan, which a sorted
 * table needs once, for letters of earlier builds.
 *
 * @throws ConfigurationError that lists every problem
 * @example
 * import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
 * const deadLetters = dynamodbDeadLetters({ client: new DynamoDBClient(), table: 'spaceship-state', sorted: true })
 */
export function dynamodbDeadLetters(options: DynamoDBDeadLettersOptions): DeadLetters {
  check('dynamodbDeadLetters', DEAD_LETTERS, { options })
  const { client, table, sorted = false, create } = options
  const answered = createAnswered(table, sorted)
  const begun = new Map<string, Begun>()
  const itemKey = (key: string): Item => ({ key: { S: key }, ...(sorted ? { sort: { S: '-' } } : {}) })
  const keyOf = (id: string): Item => itemKey(placed('dead-letter', id))
  const partKeys = (application: string, token: string, count: number): Item[] =>
    Array.from({ length: count }, (_, part) => itemKey(`${application}/dead-letter-part/${token}/${part}`))
  const partsOf = (header: Item): Item[] =>
    partKeys(applicationOf(header.key?.S ?? ''), header.token?.S ?? '', Number(header.parts?.N ?? 0))

  async function read(Key: Item): Promise<Item | undefined> {
    const command = new GetItemCommand({ TableName: table, Key, ConsistentRead: true })
    return (await answered('GetItem', client.send(command))).Item
  }

  async function remove(Key: Item): Promise<Item | undefined> {
    const command = new DeleteItemCommand({ TableName: table, Key, ReturnValues: 'ALL_OLD' })
    return (await answered('DeleteItem', client.send(command))).Attributes
  }

  async function removeParts(header: Item): Promise<void> {
    for (const key of partsOf(header)) await remove(key)
  }

  /** False if there is a letter already: the first one stays. */
  async function putHeader(Item: Item): Promise<boolean> {
    const command = new PutItemCommand({
      TableName: table,
      Item,
      ConditionExpression: 'attribute_not_exists(#key)',
      ExpressionAttributeNames: { '#key': 'key' },
    })
    try {
      await answered('PutItem', client.send(command))
      return true
    } catch (error) {
      if (nameOf(error) === 'ConditionalCheckFailedException') return false
      throw error
    }
  }

  async function putParts(id: string, data: Uint8Array): Promise<Item> {
    const parts = Math.ceil(data.length / PART)
    const digest = sha256(data)
    const known = begun.get(id)
    const own = known?.digest === digest ? known : { token: crypto.randomUUID(), digest, written: 0 }
    begun.set(id, own)
    for (const oldest of begun.keys()) if (begun.size > MOST_BEGUN) begun.delete(oldest)
    for (const [part, key] of partKeys(applicationOf(id), own.token, parts).entries()) {
      if (part < own.written) continue
      const bytes = data.subarray(part * PART, (part + 1) * PART)
      const Item = { ...key, data: { B: bytes } }
      await answered('PutItem', client.send(new PutItemCommand({ TableName: table, Item })))
      own.written = part + 1
    }
    return { token: { S: own.token }, parts: { N: String(parts) } }
  }

  /** Puts the letter; the parts of one that another owner has put meanwhile go, unless they are its own. */
  async function putAll(id: string, words: Item, data: Uint8Array): Promise<void> {
    const held: Item = data.length <= PART ? { data: { B: data } } : await putParts(id, data)
    const item = { ...keyOf(id), ...words, ...held }
    const isFirst = await putHeader(item).catch((error: unknown) => {
      // It may have been put: who removes that takes its parts, too.
      if (!REFUSED.has(nameOf(error))) begun.delete(id)
      throw error
    })
    begun.delete(id)
    if (!isFirst && (await read(keyOf(id)))?.token?.S !== item.token?.S) await removeParts(item)
  }

  /** Nothing if the letter is removed while its parts are read. @throws SpaceshipError `letter` for one whose bytes are not there */
  async function open(header: Item): Promise<DeadLetter | undefined> {
    // Written by `put` below alone.
    const letter = JSON.parse(header.letter?.S ?? '{}') as Omit<DeadLetter, 'data' | 'at'> & { at: string }
    const parts: Uint8Array[] = header.data?.B === undefined ? [] : [header.data.B]
    for (const key of partsOf(header)) {
      const bytes = (await read(key))?.data?.B
      if (bytes === undefined) return openAgain(header)
      parts.push(bytes)
    }
    if (parts.length === 0) throw withoutBytes(header)
    return {
      ...letter,
      reactor: letter.reactor,
      route: letter.route,
      at: new Date(letter.at),
      data: new Uint8Array(Buffer.concat(parts)),
    }
  }

  /** A part was not there: the letter was removed meanwhile, and perhaps put again, or its bytes are lost. */
  async function openAgain(header: Item): Promise<DeadLetter | undefined> {
    const now = await read(itemKey(header.key?.S ?? ''))
    if (now?.token?.S === header.token?.S) throw withoutBytes(header)
    return now && open(now)
  }

  function withoutBytes(header: Item): SpaceshipError {
    const advice = 'it is left as it is: restore its bytes, or remove its item'
    return new SpaceshipError(
      'letter',
      `the letter '${nameIn(header)}' in the table '${table}' has no bytes: ${advice}`,
    )
  }

  /** A letter that no list finds, in the way of all letters. */
  async function probe(): Promise<void> {
    const Key = itemKey(`dead-letter-check/${crypto.randomUUID()}`)
    await putHeader(Key)
    await read(Key)
    await remove(Key)
  }

  const index = sorted ? createLetterIndex(client, table, answered) : undefined
  const momentOf = (header: Item): string => String(JSON.parse(header.letter?.S ?? '{}').at)
  const nameIn = (header: Item): string => nameAt(String(header.key?.S))

  /** What a list knows of a letter before it reads it: `id` is in its key, `at` in its header. */
  interface Name {
    readonly id: string
    readonly at: string
  }

  /** Letters of an application, in no order: of a table without a sort key, and of letters that an earlier build wrote. */
  async function* scanned(application: string): AsyncGenerator<Name> {
    const filter = {
      FilterExpression: 'begins_with(#key, :prefix) AND #application = :application',
      ProjectionExpression: '#key, #letter',
      ExpressionAttributeNames: { '#key': 'key', '#application': 'application', '#letter': 'letter' },
      ExpressionAttributeValues: {
        ':prefix': { S: `${applicationOf(application)}/dead-letter/` },
        ':application': { S: application },
      },
    }
    let from: Item | undefined
    do {
      const start = from === undefined ? {} : { ExclusiveStartKey: from }
      const command = new ScanCommand({ TableName: table, ConsistentRead: true, ...filter, ...start })
      const page = await answered('Scan', client.send(command))
      for (const header of page.Items ?? []) yield { id: nameIn(header), at: momentOf(header) }
      from = page.LastEvaluatedKey
    } while (from !== undefined)
  }

  /** The headers of letters, in the order of their names. */
  const headersOf = (names: AsyncIterable<Name>) =>
    readAhead(names, {
      read: async (name) => ({ ...name, header: await read(keyOf(name.id)) }),
      bytesOf: () => LARGEST_ITEM,
    })

  /** Names alone are held, to be sorted; the letters are read as the caller asks for them. */
  async function* sortedNames(application: string): AsyncGenerator<Name> {
    const names: Name[] = []
    for await (const name of scanned(application)) names.push(name)
    // ISO times in UTC sort as text.
    yield* names.sort((a, b) => (a.at < b.at ? -1 : 1))
  }

  async function* indexed(application: string, index: LetterIndex): AsyncGenerator<DeadLetter> {
    if (!(await index.isWhole(application))) {
      for await (const { id, at } of scanned(application)) await index.add(application, id, at)
      await index.whole(application)
    }
    for await (const { id, at, header } of headersOf(index.list(application))) {
      const letter = header && (await open(header))
      if (letter !== undefined && letter.at.toISOString() === at) yield letter
      else await sweep(index, application, { id, at })
    }
  }

  /** The letter was removed, or put again at another time, by somebody who died before its item of the index was gone. */
  async function sweep(index: LetterIndex, application: string, { id, at }: Name): Promise<void> {
    // Read again: the header was read ahead, and may have been put since.
    const header = await read(keyOf(id))
    if (header === undefined || momentOf(header) !== at) await index.remove(application, id, at)
  }

  return {
    check: () => ensureStateTable({ client, table, sorted, create, probe }),
    put: async ({ data, ...letter }) => {
      const text = exactJson({ ...letter, at: letter.at.toISOString() }, `the letter '${letter.id}'`)
      const words = { application: { S: letter.application }, letter: { S: text } }
      const known = index && (await read(keyOf(letter.id)))
      // Repeats are rare, but then they should not write megabytes for nothing.
      const isThere =
        known !== undefined || (data.length > PART && (await read(keyOf(letter.id))) !== undefined)
      if (isThere) begun.delete(letter.id)
      else await putAll(letter.id, words, data)
      if (index === undefined) return
      // Of the one that stays: another owner may have been first.
      const kept = known ?? (await read(keyOf(letter.id)))
      if (kept !== undefined) await index.add(letter.application, letter.id, momentOf(kept))
    },
    get: async (id) => {
      const header = await read(keyOf(id))
      return header === undefined ? undefined : open(header)
    },
    remove: async (id) => {
      const header = await remove(keyOf(id))
      if (header === undefined) return
      await removeParts(header)
      await index?.remove(header.application?.S ?? '', id, momentOf(header))
    },
    list: async function* (application) {
      if (index !== undefined) return yield* indexed(application, index)
      for await (const { header } of headersOf(sortedNames(application))) {
        const letter = header && (await open(header))
        if (letter !== undefined) yield letter
      }
    },
  }
}
