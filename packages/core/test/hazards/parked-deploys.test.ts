/** Parked lanes whose route is deployed under another id meanwhile. */

import { expect, test } from 'vitest'
import { createRedrive } from '../../src/engine.ts'
import { type RouteOptions, reactor } from '../../src/index.ts'
import { memoryDeadLetters, memoryEvents, memoryState, virtualClock } from '../../src/memory/index.ts'
import { arrived, engineOf, inserted, pass, saved, worker } from '../bench.ts'

/** Records of one lane, of which the first one fails. @returns what deploys the route as it is given next */
async function parked(count: number) {
  const clock = virtualClock()
  const state = memoryState({ clock })
  const deadLetters = memoryDeadLetters()
  const events = memoryEvents()
  const seen: number[] = []
  let works = false
  let delivery: Awaited<ReturnType<typeof open>> | undefined
  let sequence = count

  const open = (id: string, options: RouteOptions) =>
    engineOf(
      reactor('r', { retry: { attempts: 1 } }).on(
        id,
        saved,
        (e) => {
          if (!works) throw new Error('not yet')
          seen.push(e.after.n)
        },
        options,
      ),
      { clock, state, deadLetters },
    ).engine.open(worker)
  async function deploy(id: string, options: RouteOptions) {
    delivery?.revoke(new Error('a deploy'))
    delivery = await open(id, options)
  }

  await deploy('old', { whenExhausted: 'park' })
  await delivery?.push(Array.from({ length: count }, (_, i) => inserted(i + 1, 'a')))
  await pass(clock, 1_000)
  return {
    seen,
    deploy,
    redrive: createRedrive({ application: 'app', deadLetters, events, clock }),
    letters: () => deadLetters.letters.map(({ route, sequence }) => `${route} ${sequence}`),
    first: () => deadLetters.letters[0]?.id ?? '',
    mend: () => {
      works = true
    },
    /** What a redrive has put on the stream arrives. */
    arrive: async () => {
      const put = events.records.slice(sequence - count)
      await delivery?.push(put.map((each) => arrived(++sequence, each)))
      await pass(clock, 1_000)
    },
  }
}

test('a drain of a renamed route that fails leaves no second letter, which would run its record again after the others', async () => {
  const { seen, deploy, redrive, letters, first, mend, arrive } = await parked(2)
  await deploy('new', { whenExhausted: 'park', formerly: ['old'] })
  const before = letters()
  await redrive.lane(first())
  await arrive()
  expect(letters()).toEqual(before)
  mend()
  await redrive.lane(first())
  await arrive()
  expect([seen, letters()]).toEqual([[1, 2], []])
})
