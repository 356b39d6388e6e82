import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { faultSource } from '../faults/index.ts'
import type { AwsAnswer, Fields } from '../http/index.ts'
import { pipe } from './index.ts'

/** A Kinesis that remembers, and refuses as its script says. */
function fakeKinesis(refuse: (record: string) => boolean = () => false) {
  const arrived: string[] = []
  const call = async (_: string, input: Fields): Promise<AwsAnswer> => {
    await Promise.resolve()
    const records = Array.isArray(input.Records) ? input.Records : []
    const entries = records.map((record) => {
      const text = Buffer.from(record.Data, 'base64').toString()
      if (refuse(text)) return { ErrorCode: 'ProvisionedThroughputExceededException' }
      arrived.push(text)
      return { SequenceNumber: '1' }
    })
    return { ok: true, output: { Records: entries } }
  }
  return { arrived, call }
}

const change = (key: string, text: string) => ({ stream: 's', partitionKey: key, data: Buffer.from(text) })

function build(options: { seed?: number; refuse?: (record: string) => boolean; now?: () => number } = {}) {
  const kinesis = fakeKinesis(options.refuse)
  const source = faultSource(options.seed ?? 1)
  const lines: string[] = []
  const built = pipe({
    call: kinesis.call,
    faults: source,
    log: (line) => lines.push(line),
    ...(options.now && { now: options.now }),
  })
  return { ...kinesis, ...built, faults: source.faults, lines }
}

describe('the pipe', () => {
  it('keeps the order per key although single records are refused at random', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 30 }),
        fc.infiniteStream(fc.boolean()),
        async (keys, coin) => {
          const tries = new Map<string, number>()
          const refuse = (text: string) => {
            const count = (tries.get(text) ?? 0) + 1
            tries.set(text, count)
            return count < 3 && coin.next().value === true
          }
          const built = build({ refuse })
          const texts = keys.map((key, index) => `${key}${index}`)
          for (const text of texts) built.offer(change(text.charAt(0), text))
          await built.close()
          for (const key of ['a', 'b', 'c']) {
            const mine = (list: string[]) => list.filter((text) => text.startsWith(key))
            expect(mine(built.arrived)).toEqual(mine(texts))
          }
        },
      ),
      { numRuns: 15 },
    )
  })

  it('duplicates and reorders, but loses nothing and swaps only within the window', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.integer({ min: 2, max: 8 }), async (seed, size) => {
        const built = build({ seed })
        built.faults.reorder(size)
        const texts = Array.from({ length: 40 }, (_, index) => String(index))
        for (const text of texts) built.offer(change('k', text))
        await built.close()
        expect([...built.arrived].sort()).toEqual([...texts].sort())
        for (const [place, text] of built.arrived.entries()) {
          expect(Math.abs(place - Number(text))).toBeLessThan(size)
        }
      }),
      { numRuns: 25 },
    )
    const twice = build()
    twice.faults.duplicate(1)
    twice.offer(change('k', 'x'))
    await twice.idle()
    expect(twice.arrived).toEqual(['x', 'x'])
  })

  it('repeats a run from its seed', async () => {
    const run = async (seed: number) => {
      const built = build({ seed })
      built.faults.duplicate(0.3)
      built.faults.reorder(5)
      for (let index = 0; index < 30; index++) built.offer(change('k', String(index)))
      await built.close()
      return built.arrived
    }
    expect(await run(7)).toEqual(await run(7))
    expect(await run(7)).not.toEqual(await run(8))
  })

  it('holds changes back until the delay is over or the switch is cleared', async () => {
    let time = 0
    const built = build({ now: () => time })
    built.faults.delay(60_000)
    built.offer(change('k', 'early'))
    time = 59_999
    built.faults.reorder(0)
    expect(built.arrived).toEqual([])
    time = 60_000
    built.faults.reorder(0)
    await built.idle()
    expect(built.arrived).toEqual(['early'])
    built.offer(change('k', 'late'))
    built.faults.clear()
    await built.idle()
    expect(built.arrived).toEqual(['early', 'late'])
  })

  it('sends a window that does not fill', async () => {
    const built = build()
    built.faults.reorder(100)
    built.offer(change('k', 'only'))
    await built.idle()
    expect(built.arrived).toEqual(['only'])
  })

  it('does not wait for a stream that was deleted, but for one that is made anew', async () => {
    let status = 'DELETED'
    const described = Promise.withResolvers<void>()
    const { call, arrived } = fakeKinesis()
    const there = pipe({
      faults: faultSource(1),
      log: () => {},
      call: async (operation, input) => {
        if (status === 'CREATING') described.resolve()
        if (status === 'ACTIVE') return call(operation, input)
        return operation === 'DescribeStreamSummary' && status === 'CREATING'
          ? { ok: true, output: { StreamDescriptionSummary: { StreamStatus: status } } }
          : { ok: false, error: 'ResourceNotFoundException', message: 'not found', fields: {} }
      },
    })
    there.offer(change('k', 'x'))
    await there.idle()
    expect(arrived).toEqual([])
    status = 'CREATING'
    const idle = there.idle()
    await described.promise
    status = 'ACTIVE'
    await idle
    expect(arrived).toEqual(['x'])
    await there.close()
  })

  it('says what it could not deliver, and closes all the same', async () => {
    const built = build({ refuse: () => true })
    built.offer(change('k', 'x'))
    built.offer({ stream: 's', partitionKey: 'k', data: Buffer.alloc(1024 * 1024) })
    await built.close()
    expect(built.lines).toEqual([
      expect.stringContaining('too large'),
      expect.stringContaining('keeps refusing'),
      expect.stringContaining('closed with 1 change(s)'),
    ])
  })
})
