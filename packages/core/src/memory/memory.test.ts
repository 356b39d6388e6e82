import { describe, test } from 'vitest'
import {
  deadLettersCases,
  referenceStoreCases,
  reminderSchedulerCases,
  stateStoreCases,
} from '../ports/conformance/index.ts'
import { memoryDeadLetters, memoryReferences, memoryScheduler, memoryState, virtualClock } from './index.ts'

describe('memoryState', () => {
  for (const { name, run } of stateStoreCases) test(name, () => run(memoryState()))
})

describe('memoryReferences', () => {
  for (const { name, run } of referenceStoreCases) {
    test(name, () => {
      const clock = virtualClock()
      return run({ store: memoryReferences({ clock }), advance: (ms) => clock.moveTo(clock.now() + ms) })
    })
  }
})

describe('memoryDeadLetters', () => {
  for (const { name, run } of deadLettersCases) test(name, () => run(memoryDeadLetters()))
})

describe('memoryScheduler', () => {
  for (const { name, run } of reminderSchedulerCases) {
    test(name, () => {
      const clock = virtualClock()
      const scheduler = memoryScheduler()
      const fired = async (until: number) => {
        await clock.moveTo(Math.max(until, clock.now()))
        return scheduler.due(clock.now()).map(({ envelope }) => envelope)
      }
      return run({ scheduler, now: clock.now, fired })
    })
  }
})
