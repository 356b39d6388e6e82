import assert from 'node:assert/strict'
import type { EventSink, OutgoingRecord } from '../event-sink.ts'
import type { Case } from './cases.ts'

export interface EventSinkSubject {
  readonly sink: EventSink
  /** Everything on the stream, in stream order; other records than those of the cases may be among it. */
  readonly received: () => Promise<readonly OutgoingRecord[]>
  /** Bytes of the largest record to try. @default 900,000 */
  readonly largest?: number
  /** Records that are more than one request takes. @default 600 */
  readonly many?: number
}

/**
 * What every EventSink must do. It may fail and repeat records; it may not lose or reorder them.
 *
 * @example
 * for (const { name, run } of eventSinkCases) test(name, () => run({ sink: mySink, received }))
 */
export const eventSinkCases: readonly Case<EventSinkSubject>[] = [
  {
    name: 'what was put is on the stream when put resolves, byte for byte, with its partition key',
    run: async ({ sink, received }) => {
      const record = { partitionKey: key('Zoë 🚀 #?%'), data: Uint8Array.from({ length: 256 }, (_, i) => i) }
      await sink.put([record])
      const [found, ...more] = of(await received(), record.partitionKey)
      assert.deepEqual([found, more], [[...record.data], []])
    },
  },
  {
    name: 'nothing to put is fine',
    run: async ({ sink }) => sink.put([]),
  },
  {
    name: 'records of one key keep their order, within a put, across puts and while puts run together',
    run: async ({ sink, received }) => {
      const keys = [key('a'), key('b'), key('c')]
      const put = (from: number) =>
        sink.put(
          Array.from({ length: 30 }, (_, n) => ({
            partitionKey: keys[n % 3] ?? '',
            data: Uint8Array.of(from + n),
          })),
        )
      await Promise.all([put(0), put(30), put(60)])
      await put(90)
      const all = await received()
      for (const [nth, partitionKey] of keys.entries()) {
        const expected = Array.from({ length: 40 }, (_, n) => [n * 3 + nth])
        assert.deepEqual(of(all, partitionKey), expected)
      }
    },
  },
  {
    name: 'more records than one request takes, and a large one, arrive',
    run: async ({ sink, received, largest = 900_000, many: count = 600 }) => {
      const [many, large] = [key('many'), key('large')]
      const records = Array.from({ length: count }, (_, n) => ({
        partitionKey: `${many}/${n}`,
        data: Uint8Array.of(n % 256),
      }))
      await sink.put([...records, { partitionKey: large, data: new Uint8Array(largest).fill(0x37) }])
      const keys = new Set((await received()).map(({ partitionKey }) => partitionKey))
      for (const { partitionKey } of records) assert.ok(keys.has(partitionKey), partitionKey)
      assert.ok(keys.has(large))
    },
  },
  {
    name: 'a partition key that is longer than a stream takes keeps its records in order, among those of other keys',
    run: async ({ sink, received }) => {
      const long = key('x'.repeat(2_000))
      // As in a change of DynamoDB's, whose keys have up to 2,048 bytes.
      const marks: readonly string[] = Array.from({ length: 6 }, () => crypto.randomUUID())
      await sink.put(marks.flatMap((mark) => [record(long, mark), record(key('other'), crypto.randomUUID())]))
      const own = (await received()).filter(({ data }) => marks.includes(new TextDecoder().decode(data)))
      assert.deepEqual(
        own.map(({ data }) => new TextDecoder().decode(data)),
        marks,
      )
      assert.equal(new Set(own.map(({ partitionKey }) => partitionKey)).size, 1)
    },
  },
  {
    name: 'a put whose signal is aborted already puts nothing',
    run: async ({ sink, received }) => {
      const partitionKey = key('aborted')
      const put = sink.put([{ partitionKey, data: new Uint8Array([1]) }], AbortSignal.abort())
      await assert.rejects(put)
      assert.deepEqual(of(await received(), partitionKey), [])
    },
  },
]

function record(partitionKey: string, text: string): OutgoingRecord {
  return { partitionKey, data: new TextEncoder().encode(text) }
}

function of(records: readonly OutgoingRecord[], key: string): number[][] {
  return records.filter(({ partitionKey }) => partitionKey === key).map(({ data }) => [...data])
}

function key(name: string): string {
  return `${crypto.randomUUID()}/${name}`
}
