/** Owns what is told of tasks, to the observer and in the log. Never decides anything, and costs nothing where nobody listens. */

import { formatPosition } from '../wire/index.ts'
import { fieldsOf } from './attempt/index.ts'
import type { Settings } from './configuration.ts'
import type { Outcome } from './ending/index.ts'
import type { Place } from './match/index.ts'
import type { Step } from './observe.ts'
import { unrouted } from './plan.ts'
import type { Entry, Task } from './task.ts'
import { describe } from './verdict.ts'

export interface Telling {
  unwanted(entry: Entry): void
  taken(task: Task): void
  started(task: Task): void
  ended(task: Task, outcome: Extract<Outcome, { kind: 'ended' | 'again' }>): void
  /** @param halted why, if its reactor was halted by it */
  left(task: Task, halted: string | undefined): void
  waits(task: Task, outcome: Outcome | undefined, until: number | undefined): void
  /** It came under another partition key than the one before it in its lane. */
  mixed(task: Task): void
  /** A handler is deaf to its signal. */
  late(): void
}

/** Steps after which the attempt is counted already. */
const COUNTED: ReadonlySet<Step['step']> = new Set([
  'waiting',
  'dead-letter',
  'discarded',
  'parked',
  'halted',
])

export function createTelling(
  { observe, logger }: Pick<Settings, 'observe' | 'logger'>,
  place: Place,
): Telling {
  let mixed = false

  function tell(
    step: Step['step'],
    { entry, plan, lane, attempts }: Pick<Task, 'entry' | 'plan' | 'lane' | 'attempts'>,
    detail?: string,
    until?: number,
  ): void {
    if (observe === undefined) return
    const { stream, shard } = place
    const position = formatPosition(entry.record)
    const attempt = COUNTED.has(step) ? attempts : attempts + 1
    observe({ step, stream, shard, position, route: plan.key, lane, attempt, detail, until })
  }

  return {
    unwanted: (entry) => tell('unwanted', { entry, plan: unrouted, lane: '', attempts: 0 }),
    taken: (task) => tell('taken', task),
    started: (task) => tell('started', task),
    ended: (task, { step, detail }) => {
      tell(step, task, detail)
      if (step === 'skipped') logger.debug('skipped', { ...fieldsOf(task), reason: detail })
    },
    left: (task, halted) => {
      tell(halted === undefined ? 'abandoned' : 'halted', task, halted)
      if (halted === undefined) return
      const fields = { ...fieldsOf(task), ...place, error: halted }
      logger.error('reactor halted on this shard until someone acts', fields)
    },
    waits: (task, outcome, until) => {
      tell('waiting', task, whyOf(outcome), until)
      if (outcome === undefined || !('error' in outcome)) return
      const fields = { ...fieldsOf(task), error: describe(outcome.error), until }
      if (outcome.kind === 'unavailable')
        logger.warn('a dependency is unavailable: waiting', { ...fields, dependency: outcome.dependency })
      else logger.warn('attempt failed: will retry', fields)
    },
    mixed: (task) => {
      if (mixed) return
      mixed = true
      const why = 'one key came under two partition keys: its order holds on this shard only'
      logger.error(why, fieldsOf(task))
    },
    late: () => logger.error('a handler ignores its signal: its lane waits until it settles', { ...place }),
  }
}

function whyOf(outcome: Outcome | undefined): string {
  if (outcome === undefined) return 'the gate'
  return 'error' in outcome ? `${outcome.kind}: ${describe(outcome.error)}` : outcome.kind
}
