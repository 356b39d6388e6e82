/** The runtime's scenarios on the harness's virtual worker. */

import { test } from 'vitest'
import { type Life, type RuntimeGiven, type RuntimeSubject, runtimeCases } from '../conformance/index.ts'
import { memoryEvents, memoryReferences, memoryScheduler } from '../memory/index.ts'
import type { DeadLetters, StateStore } from '../ports/index.ts'
import type { StreamRecord } from '../wire/index.ts'
import { Stream } from './stream.ts'

const subject: RuntimeSubject = {
  start: async (given) => virtualWorker(given),
  without: {
    'reshard: a child begins when its parent has ended, also if a process dies in between':
      'the virtual worker reads one shard, which never ends',
    'lost lease: a process that is paused starts nothing after its successor did':
      'the virtual worker has one process at a time; the engine is tested for it, as A3',
    'crash loop: a record that kills every process that runs it is kept, and the shard goes on':
      'the virtual worker keeps no lease that would count its owners; the engine is tested for it, as A7',
  },
}

function virtualWorker({ clock, make, born }: RuntimeGiven) {
  const lives: Life[] = []
  const alive = () => {
    const life = lives.at(-1)
    if (life === undefined) throw new Error('no process was started')
    return life
  }
  const state: StateStore = {
    get: (key) => alive().state.get(key),
    set: (key, value, options) => alive().state.set(key, value, options),
    delete: (key, version) => alive().state.delete(key, version),
    list: async (...args) => {
      const page = await alive().state.list?.(...args)
      if (page === undefined) throw new Error('the state of a process cannot list')
      return page
    },
  }
  const letters: DeadLetters = {
    put: (letter) => alive().deadLetters.put(letter),
    get: (id) => alive().deadLetters.get(id),
    remove: (id) => alive().deadLetters.remove(id),
    list: (application) => alive().deadLetters.list(application),
  }
  const stream = new Stream({
    world: {
      application: 'conformance',
      make: () => {
        const life = born()
        lives.push(life)
        return make(life)
      },
      state,
      letters,
      clock,
      random: () => 0.5,
      references: memoryReferences({ clock }),
      scheduler: memoryScheduler(),
      sink: memoryEvents(),
    },
    clock,
    failover: 10_000,
    patience: 0,
    note: () => {},
    appended: () => {},
    steps: () => 0,
  })
  async function pass(ms: number): Promise<void> {
    await idle()
    await clock.moveTo(clock.now() + ms, idle)
    await stream.settled()
  }
  return {
    put: (records: readonly StreamRecord[]) => stream.append(records),
    pass,
    died: () => stream.again('crash'),
    handOver: async () => {
      // It checkpoints when nothing is in flight.
      await pass(1_000)
      stream.again('redelivery')
    },
    get acknowledged() {
      return stream.watermark?.sequence ?? ''
    },
    close: async () => stream.process.kill('the end'),
  }
}

const idle = () => new Promise<void>((resolve) => setImmediate(resolve))

for (const { name, run } of runtimeCases) {
  const why = subject.without?.[name]
  if (why === undefined) test(`harness: ${name}`, () => run(subject))
  else test.skip(`harness: ${name} (${why})`)
}
