import { setImmediate as turn } from 'node:timers/promises'
import { type EventMeta, entity, handler, marshal, reactor } from '@spaceship/core'
import { createEngine } from '@spaceship/core/engine'
import { memoryDeadLetters, memoryState, virtualClock } from '@spaceship/core/memory'
import { silent } from '@spaceship/core/ports'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { callsOf, type SearchClient } from './request.ts'
import type { Versions } from './versions.ts'
import { createWriter } from './writer.ts'

const Row = entity('row', { table: 'rows', key: 'id', schema: z.object({ id: z.string() }) })

function record(sequence: number) {
  const [id, image] = [String(sequence), marshal({ id: String(sequence) })]
  const dynamodb = { ApproximateCreationDateTime: 1_796_000_000_000, Keys: image, NewImage: image }
  const data = Buffer.from(JSON.stringify({ eventName: 'INSERT', tableName: 'rows', dynamodb }))
  return { sequence: id, subSequence: 0, partitionKey: id, data, arrivedAt: new Date(0) }
}

const rejected = { type: 'rejected_execution_exception' }
const item = (isTooMuch: boolean) => ({
  index: isTooMuch ? { status: 429, error: rejected } : { status: 201, result: 'created' },
})

test.each([
  [
    'whole requests',
    () => {
      throw Object.assign(new Error('429'), { meta: { statusCode: 429, body: { error: rejected } } })
    },
  ],
  ['each write of a request', (count: number) => Array.from({ length: count }, () => item(true))],
])(
  'a cluster that refuses %s for minutes leaves no dead letter, and all is written in the end',
  async (_, refuse) => {
    const clock = virtualClock(0)
    const over = 300_000
    let asked = 0
    const request = async (lines: string) => {
      await clock.sleep(50)
      const count = lines.split('"version"').length - 1
      asked += 1
      // What looks whether the index is there holds no write.
      const items =
        clock.now() < over && count > 0
          ? refuse(count)
          : Array.from({ length: count || 1 }, () => item(false))
      return { statusCode: 200, body: { items } }
    }
    // Safe: of a request its lines are read alone.
    const client = {
      transport: {
        request: ({ bulkBody }) => Object.assign(request(String(bulkBody)), { abort: () => {} }),
      } satisfies SearchClient['transport'],
    }
    const writer = createWriter({
      ...{ call: callsOf(client), clock, random: () => 1, create: true },
      // Safe: an index of somebody's has no versions.
      versions: {} as Versions,
      limits: { most: 10, room: 1_000_000 },
    })
    const written = new Set<string>()
    const write = handler<EventMeta>({ effect: 'idempotent' }, async ({ key }, { signal }) => {
      await writer.direct('docs', { id: key, version: 1, document: '{}' }, signal)
      written.add(key)
    })
    const deadLetters = memoryDeadLetters()
    const options = {
      concurrency: 200,
      timeout: '5s',
      retry: { attempts: 1, base: '1s', max: '10s' },
    } as const
    const engine = createEngine({
      ...{ application: 'app', state: memoryState({ clock }), deadLetters, logger: silent, clock },
      ...{
        concurrency: 200,
        random: () => 1,
        reactors: [reactor('r').on('index', Row.saved('row.saved'), write, options)],
      },
    })
    const delivery = await engine.open({ stream: 's', shard: 'shardId-0', redelivers: 'none' })
    await delivery.push(Array.from({ length: 200 }, (_, n) => record(n + 1)))
    while (written.size + deadLetters.letters.length < 200 && clock.next !== undefined)
      await clock.moveTo(clock.next, () => turn())
    expect(deadLetters.letters).toEqual([])
    expect(written.size).toBe(200)
    // One at a time, further and further apart.
    expect(asked).toBeLessThan(200)
  },
)
