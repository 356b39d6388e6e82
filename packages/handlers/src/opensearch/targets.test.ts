import { setImmediate as turn } from 'node:timers/promises'
import { virtualClock } from '@spaceship/core/memory'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Answer } from './answer.ts'
import type { SearchIndex } from './search-index.ts'
import { createTargets, MOST_AGE } from './targets.ts'
import type { Versions } from './versions.ts'
import { createWriter } from './writer.ts'

const index = { name: 'clients' } as SearchIndex

/** Processes that write into a cluster which gains and loses versions, with a clock each that may stand while it is frozen. */
function cluster() {
  const clock = virtualClock(0)
  let aliases: readonly string[] = ['one']
  /** The ids that each version holds. */
  const held = new Map<string, Set<string>>()
  let answers = 0
  const versions = {
    writable: async () => {
      await clock.sleep(1)
      return aliases
    },
  } as unknown as Versions
  const process = (slowness: () => number) =>
    createWriter({
      clock,
      versions,
      create: false,
      random: () => 0.5,
      limits: { most: 10, room: 1_000 },
      call: async ({ index: alias, bulkBody }): Promise<Answer> => {
        await clock.sleep(slowness())
        const ids = String(bulkBody)
          .split('\n')
          .filter((line) => line.includes('_id'))
        const isThere = aliases.includes(alias)
        const items = ids.map((line) => {
          const { _id } = JSON.parse(line).index
          if (isThere) held.set(alias, (held.get(alias) ?? new Set()).add(_id))
          const missing = { status: 404, error: { type: 'index_not_found_exception' } }
          return { index: isThere ? { status: 201, result: 'created' } : missing }
        })
        // The answer may take long, too.
        await clock.sleep(slowness())
        answers += 1
        return { status: 200, body: { items } }
      },
    })
  return {
    clock,
    held,
    process,
    set: (now: readonly string[]) => {
      aliases = now
    },
    answers: () => answers,
  }
}

const write = (id: string) => ({ id, version: 1, document: '{}' })

test('property: what is done later than a version can be known is in that version, however slow whoever wrote it was', async () => {
  const slow = fc.array(fc.integer({ min: 1, max: 2 * MOST_AGE }), { minLength: 1, maxLength: 20 })
  const writes = fc.array(fc.integer({ min: 0, max: 4 * MOST_AGE }), { minLength: 1, maxLength: 20 })
  await fc.assert(
    fc.asyncProperty(
      slow,
      writes,
      fc.integer({ min: 0, max: 3 * MOST_AGE }),
      async (delays, starts, moment) => {
        const { clock, held, process, set } = cluster()
        let nth = 0
        const writers = [1, 2].map(() => process(() => delays[nth++ % delays.length] ?? 1))
        const done: { id: string; at: number }[] = []
        const all = starts.map(async (start, n) => {
          await clock.sleep(start)
          await writers[n % 2]?.kept(index, write(String(n)), new AbortController().signal)
          done.push({ id: String(n), at: clock.now() })
        })
        void clock.sleep(moment).then(() => set(['one', 'two']))
        await turn()
        while (clock.next !== undefined) await clock.moveTo(clock.next, () => turn())
        await Promise.all(all)
        for (const { id, at } of done) {
          expect(held.get('one')?.has(id)).toBe(true)
          if (at > moment + MOST_AGE) expect(held.get('two')?.has(id), `${id} at ${at}`).toBe(true)
        }
      },
    ),
  )
})

test('a version that is gone is written no more, and the others are', async () => {
  const { clock, held, process, set } = cluster()
  const writer = process(() => 1)
  const run = async (id: string) => {
    const written = writer.kept(index, write(id), new AbortController().signal)
    await turn()
    while (clock.next !== undefined) await clock.moveTo(clock.next, () => turn())
    return written
  }
  set(['one', 'two'])
  expect(await run('a')).toBe('applied')
  set(['two'])
  expect(await run('b')).toBe('applied')
  expect([...(held.get('one') ?? [])]).toEqual(['a'])
  expect([...(held.get('two') ?? [])]).toEqual(['a', 'b'])
})

test('an aborted write begins no reading, and a reading that fails when all who waited have gone ends no process', async () => {
  const unhandled: unknown[] = []
  const listen = (reason: unknown) => void unhandled.push(reason)
  process.on('unhandledRejection', listen)
  const readings: PromiseWithResolvers<readonly string[]>[] = []
  const targets = createTargets(() => {
    const reading = Promise.withResolvers<readonly string[]>()
    readings.push(reading)
    return reading.promise
  }, virtualClock(0))
  const down = async () => {
    readings.at(-1)?.reject(new Error('down'))
    await turn()
    await turn()
  }
  await expect(targets.current(AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone')
  await down()
  expect([unhandled, readings.length]).toEqual([[], 0])
  const stop = new AbortController()
  const waiting = targets.current(stop.signal)
  stop.abort(new Error('gone, too'))
  await expect(waiting).rejects.toThrow('gone, too')
  await down()
  process.off('unhandledRejection', listen)
  expect([unhandled, readings.length]).toEqual([[], 1])
})
