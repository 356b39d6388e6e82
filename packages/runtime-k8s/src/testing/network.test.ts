/** The way between a simulated process and a service: what an answer brings along. */

import { GetRecordsCommand, type KinesisClient } from '@aws-sdk/client-kinesis'
import { chanceOf } from '@spaceship/core/testing'
import { expect, test } from 'vitest'
import { getRecords } from '../consume/page.ts'
import { clientOn } from './network.ts'
import { BEGINNING, createUniverse } from './universe.ts'

test('a read says when Kinesis answered it, whatever clock the process has', async () => {
  const universe = createUniverse()
  const process = universe.process('one')
  process.jump(3_600_000)
  const client = clientOn({
    ...{ universe, process, chance: chanceOf(1), timeout: undefined, attempts: 1 },
    weather: () => ({ cut: false, throttled: 0, lostAnswers: 0 }),
    answer: (command) => (command instanceof GetRecordsCommand ? { Records: [] } : undefined),
    // Only `send` is used.
  }) as unknown as KinesisClient
  const asking = { iterator: 'i', limit: 1, arn: {}, now: 0, signal: new AbortController().signal }
  const answered = getRecords(client, asking)
  await universe.pass(10_000)
  expect((await answered).answeredAt).toEqual(new Date(BEGINNING))
})
