/** One right call of every public function of core; `calls.ts` says what that is. */

import { isDuration } from '../packages/core/src/adapter.ts'
import { BACKFILL } from '../packages/core/src/backfill/backfill.ts'
import { createBackfill } from '../packages/core/src/backfill/index.ts'
import { CRON, cron } from '../packages/core/src/cron.ts'
import { BATCH } from '../packages/core/src/declare/batch.ts'
import { DEFINED, ENTITY, REMOVED } from '../packages/core/src/declare/entity.ts'
import { HANDLER, MARKS } from '../packages/core/src/declare/handler.ts'
import { STARTS_WITH } from '../packages/core/src/declare/marks.ts'
import { PATTERN } from '../packages/core/src/declare/pattern.ts'
import { EVENT } from '../packages/core/src/declare/published.ts'
import { EVERY, REACTOR, ROUTE } from '../packages/core/src/declare/reactor.ts'
import { REMINDER, UNLESS } from '../packages/core/src/declare/reminder.ts'
import { embeddedScheduler, stateTimeline } from '../packages/core/src/embedded/index.ts'
import { EMBEDDED } from '../packages/core/src/embedded/scheduler.ts'
import { STATE_TIMELINE } from '../packages/core/src/embedded/state-timeline.ts'
import { DESCRIBE } from '../packages/core/src/engine/describe.ts'
import { ENGINE } from '../packages/core/src/engine/options.ts'
import { createEngine, createRedrive, describe, tickEnvelope } from '../packages/core/src/engine.ts'
import {
  batch,
  encodePublished,
  entity,
  event,
  handler,
  reactor,
  reminder,
  route,
  startsWith,
} from '../packages/core/src/index.ts'
import { JSON_LINES } from '../packages/core/src/log/json-lines.ts'
import { jsonLines } from '../packages/core/src/log.ts'
import { VIRTUAL_CLOCK } from '../packages/core/src/memory/clock.ts'
import { EVENTS } from '../packages/core/src/memory/events.ts'
import {
  memoryDeadLetters,
  memoryEntities,
  memoryEvents,
  memoryReferences,
  memoryScheduler,
  memoryState,
  memoryTimeline,
  virtualClock,
} from '../packages/core/src/memory/index.ts'
import { REFERENCES as MEMORY_REFERENCES } from '../packages/core/src/memory/references.ts'
import { STATE as MEMORY_STATE } from '../packages/core/src/memory/state.ts'
import { LETTERS, REDRIVE } from '../packages/core/src/operate/redrive.ts'
import { createReminders } from '../packages/core/src/reminders/index.ts'
import { CALLED, CANCELLED, MOVED, REMINDERS, SCHEDULED } from '../packages/core/src/reminders/reminders.ts'
import { SWEEPER } from '../packages/core/src/reminders/sweeper.ts'
import type { Shapes } from '../packages/core/src/shapes.ts'
import { bare, text } from '../packages/core/src/shapes.ts'
import { type Harness, harness } from '../packages/core/src/testing/index.ts'
import { HARNESS, METHODS } from '../packages/core/src/testing/shapes.ts'
import { PUBLISHED } from '../packages/core/src/wire/published.ts'
import { TICK } from '../packages/core/src/wire/tick.ts'
import { Client, due, filling, greeter, joined, type made, paid, ports } from './fitting.ts'
import { application, type Call, data, engineOwn, fieldsOf, type Own, own, right } from './right.ts'

const { id = data, events = data, handler: handle = data, options = data } = fieldsOf(ROUTE.route)
const ON = { id, events, handler: handle, options }
const RETRIED = { effect: 'claim' }

/** The engine's shapes of what the harness hands on to it. */
const harnessOptions = bare({
  ...fieldsOf(HARNESS.options),
  ...Object.fromEntries(
    Object.entries({ application: { ...application, required: false }, ...engineOwn }).filter(
      ([name]) => name in fieldsOf(HARNESS.options),
    ),
  ),
})

/** A method of a harness whose reactor has seen one client. */
function bench(
  method: Exclude<keyof Harness, 'now' | 'trail' | 'records' | 'pending' | 'deadLetters' | 'reminders'>,
  shapes: Shapes,
  instead: Own['instead'] = {},
  accepts: Call['accepts'] = {},
): Call {
  const call = async (...given: never) => {
    const ship = harness(() => greeter().every('count', { each: '5m' }, () => {}))
    // The schema does not say which attributes there are.
    await ship.put(Client, { id: 'a' } as never)
    const run: (...args: never) => unknown = ship[method]
    await run(...given)
  }
  const answers = [
    'attributes',
    'duration',
    'expectation',
    'key',
    'no-letter',
    'no-row',
    'permanent',
    'schema',
  ]
  return right(call, shapes, { instead, accepts, answers })
}

const reminders = createReminders({ application: 'app', ...ports })
/** One of the ways to say when, which exclude each other. */
const inTime = { in: '3d', at: undefined, local: undefined, zone: undefined, precision: '1m' }

export const coreCalls: Readonly<Record<string, Call>> = {
  'core entity': right(entity, ENTITY, {
    instead: { options: { key: { partition: 'id', sort: 'no' }, when: { kind: 'client' } } },
    accepts: { 'options.key': ['text'], 'options.when': ['function'], 'options.when.kind': own },
  }),
  'core entity (created)': right(Client.created, DEFINED),
  'core entity (saved)': right(Client.saved, DEFINED),
  'core entity (changed)': right(
    Client.changed,
    { ...DEFINED, ...PATTERN },
    {
      instead: { pattern: { plan: { from: 'trial', to: ['paid'] } } },
      accepts: {
        'pattern.plan': ['function'],
        'pattern.plan.from': own,
        'pattern.plan.to': own,
        'pattern.plan.to.0': own,
      },
    },
  ),
  'core entity (removed)': right(Client.removed, { ...DEFINED, ...REMOVED }),
  'core event': right(event, EVENT),
  'core reminder': right(reminder, REMINDER),
  'core reminder (unless)': right(due.unless, UNLESS),
  'core reactor': right(reactor, REACTOR),
  'core reactor (on)': right((...args: Parameters<typeof made.on>) => greeter().on(...args), ON, {
    instead: { events: [joined, paid], handler: handler({ effect: 'claim' }, () => {}), options: RETRIED },
  }),
  'core reactor (on, a handler with marks)': right(
    (effect: never, needs: never, check: never) =>
      greeter().on(
        'see',
        joined,
        Object.assign(() => {}, { effect, needs, check }),
      ),
    MARKS,
  ),
  'core reactor (every)': right(
    (...args: Parameters<typeof made.every>) => greeter().every(...args),
    {
      id,
      ...EVERY,
      handler: handle,
      options,
    },
    { instead: { schedule: { cron: undefined } } },
  ),
  'core/cron cron': right(cron, CRON, { instead: { expression: '0 9 * * 1-5', options: { zone: 'UTC' } } }),
  'core reactor (use)': right((added: never) => greeter().use(added), ROUTE),
  'core route': right((...args: Parameters<typeof route>) => greeter().use(route(...args)), ON),
  'core handler': right(
    (...args: Parameters<typeof handler>) => greeter().on('see', joined, handler(...args)),
    HANDLER,
  ),
  'core batch': right(batch, BATCH),
  'core startsWith': right(startsWith, STARTS_WITH),
  'core encodePublished': right(
    encodePublished,
    { event: PUBLISHED.event, payload: data, about: PUBLISHED.about },
    { accepts: { payload: own, 'about.id': ['function'] }, answers: ['permanent'] },
  ),
  'core/adapter isDuration': right(isDuration, { value: data }, { accepts: { value: own } }),
  'core/engine createEngine': right(createEngine, ENGINE),
  'core/engine createRedrive': right(createRedrive, REDRIVE),
  'core/backfill createBackfill': right(createBackfill, BACKFILL, {
    instead: { options: { reactor: filling, table: 'clients', routes: ['fill'] } },
  }),
  'core/engine describe': right(describe, DESCRIBE),
  'core/engine createRedrive (letters)': right(
    createRedrive({ application: 'app', ...ports }).letters,
    LETTERS,
  ),
  'core/engine tickEnvelope': right(tickEnvelope, TICK),
  'core/memory memoryDeadLetters': right(memoryDeadLetters),
  'core/memory memoryEntities': right(memoryEntities),
  'core/memory memoryEvents': right(memoryEvents, EVENTS),
  'core/memory memoryReferences': right(memoryReferences, MEMORY_REFERENCES),
  'core/memory memoryScheduler': right(memoryScheduler),
  'core/memory memoryTimeline': right(memoryTimeline),
  'core/memory memoryState': right(memoryState, MEMORY_STATE),
  'core/log jsonLines': right(jsonLines, JSON_LINES),
  'core/memory virtualClock': right(virtualClock, VIRTUAL_CLOCK, {
    instead: { start: new Date('2026-01-01T00:00:00Z') },
    accepts: { start: ['number'] },
  }),
  'core/embedded embeddedScheduler': right(embeddedScheduler, EMBEDDED),
  'core/embedded stateTimeline': right(stateTimeline, STATE_TIMELINE),
  'core/reminders createReminders': right(createReminders, REMINDERS, {
    instead: { options: { references: ports.references, schedulers: undefined } },
  }),
  'core/reminders createReminders (schedule)': right(reminders.schedule, SCHEDULED, {
    instead: { options: inTime },
    accepts: { 'options.in': ['function'] },
  }),
  'core/reminders createReminders (reschedule)': right(reminders.reschedule, MOVED, {
    instead: { options: inTime },
    accepts: { 'options.in': ['function'] },
  }),
  'core/reminders createReminders (of)': right(reminders.of, CALLED, {
    instead: { event: undefined },
  }),
  'core/reminders createReminders (sweeper)': right(reminders.sweeper, SWEEPER, {
    instead: { options: { events: ports.events } },
  }),
  'core/reminders createReminders (cancel)': right(reminders.cancel, CANCELLED),
  'core/testing harness': right(
    harness,
    { make: HARNESS.make, options: harnessOptions },
    { instead: { make: greeter } },
  ),
  'core/testing harness (put)': bench('put', METHODS.put, { item: { id: 'a' } }, { 'item.id': own }),
  'core/testing harness (update)': bench(
    'update',
    METHODS.update,
    { key: 'a', changes: { id: 'a', plan: 'paid' } },
    { key: own, 'changes.id': own, 'changes.plan': own },
  ),
  'core/testing harness (remove)': bench(
    'remove',
    METHODS.remove,
    { key: { id: 'a' } },
    { key: own, 'key.id': own },
  ),
  'core/testing harness (expire)': bench('expire', METHODS.expire, { key: 'a' }, { key: own }),
  'core/testing harness (publish)': bench(
    'publish',
    METHODS.publish,
    { event: paid, payload: {} },
    { payload: own },
  ),
  'core/testing harness (deliver)': bench('deliver', METHODS.deliver, { data: '{}' }, { data: own }),
  'core/testing harness (advance)': bench(
    'advance',
    { duration: data },
    { duration: '1m' },
    { duration: own },
  ),
  'core/testing harness (tick)': bench('tick', { route: text() }, { route: 'greeter/count' }),
  'core/testing harness (redeliver)': bench('redeliver', METHODS.redeliver),
  'core/testing harness (shuffle)': bench('shuffle', METHODS.shuffle, { writes: async () => {} }),
  'core/testing harness (crash)': bench('crash', METHODS.crash),
  'core/testing harness (redrive)': bench('redrive', { letter: data }, { letter: 'all' }, { letter: own }),
  'core/testing harness (expect)': bench(
    'expect',
    METHODS.expect,
    { route: 'greeter/greet', expected: { key: 'a', runs: 1 } },
    { 'expected.key': own, 'expected.runs': own },
  ),
}
