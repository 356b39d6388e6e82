/** Owns what is told of tasks, to the observer and in the log. Never decides anything, and costs nothing where nobody listens. */

import { describe } from '../foreign.ts'
import { errorFields, type LogFields } from '../log/index.ts'
import { formatPosition } from '../wire/index.ts'
import type { Outcome } from './outcome.ts'
import { type Plans, type RoutePlan, unrouted } from './plan.ts'
import type { Place, Settings } from './settings.ts'
import type { Step } from './steps.ts'
import type { Entry, Task } from './task.ts'
import { eventFields, momentField, placeFields, routeFields, taskFields } from './telling.ts'

/** Steps after which the attempt is counted already. */
const COUNTED: ReadonlySet<Step['step']> = new Set([
  'waiting',
  'dead-letter',
  'discarded',
  'parked',
  'halted',
])

export class Reporter {
  readonly #observe: Settings['observe']
  readonly #logger: Settings['logger']
  readonly #plans: Plans
  readonly #place: Place
  #mixed = false

  constructor({ observe, logger, plans }: Pick<Settings, 'observe' | 'logger' | 'plans'>, place: Place) {
    this.#observe = observe
    this.#logger = logger
    this.#plans = plans
    this.#place = place
  }

  unwanted(entry: Entry): void {
    if (this.#observe !== undefined) this.#tell('unwanted', { entry, plan: unrouted, lane: '', attempts: 0 })
  }

  taken(task: Task): void {
    this.#tell('taken', task)
  }

  started(task: Task): void {
    this.#tell('started', task)
  }

  ended(task: Task, { step, detail }: Extract<Outcome, { kind: 'ended' | 'again' }>): void {
    this.#tell(step, task, detail)
    if (step === 'skipped')
      this.#logger.debug('skipped', { ...this.#fieldsOf(task), outcome: step, details: { detail } })
  }

  /** @param halted why, if its reactor was halted by it */
  left(task: Task, halted: string | undefined): void {
    this.#tell(halted === undefined ? 'abandoned' : 'halted', task, halted)
    if (halted === undefined) return
    const fields: LogFields = { ...this.#eventFieldsOf(task), outcome: 'halted', details: { detail: halted } }
    this.#logger.error('reactor halted on this shard until someone acts', fields)
  }

  /** @param until in milliseconds since 1970; undefined if somebody is to wake the task */
  waits(task: Task, outcome: Outcome | undefined, until: number | undefined): void {
    this.#tell('waiting', task, whyOf(outcome), until)
    if (outcome === undefined || !('error' in outcome)) return
    const details = until === undefined ? {} : { details: { until: momentField(until) } }
    const fields: LogFields = { outcome: 'waiting', error: errorFields(outcome.error), ...details }
    // The breaker tells once of what is down.
    if (outcome.kind === 'unavailable')
      this.#logger.debug('waits for a dependency', {
        ...this.#fieldsOf(task),
        ...fields,
        dependency: outcome.dependency,
      })
    else this.#logger.warn('attempt failed: will retry', { ...this.#eventFieldsOf(task), ...fields })
  }

  /** The task came under another partition key than the one before it in its lane, so another shard may hold records of the lane. */
  mixed(task: Task): void {
    if (this.#mixed) return
    this.#mixed = true
    const why = 'one key came under two partition keys: its order holds on this shard only'
    this.#logger.error(why, this.#fieldsOf(task))
  }

  /** A handler is deaf to its signal. */
  late(plan: RoutePlan): void {
    this.#logger.error('a handler ignores its signal: its lane waits until it settles', {
      ...routeFields(plan),
      ...placeFields(this.#place),
      details: { advice: "hand the context's 'signal' to each call that may take long" },
    })
  }

  #fieldsOf(task: Task): LogFields {
    return taskFields(task, this.#place)
  }

  #eventFieldsOf(task: Task): LogFields {
    return { ...this.#fieldsOf(task), ...eventFields(task.content, task.plan, this.#plans) }
  }

  #tell(
    step: Step['step'],
    { entry, plan, lane, attempts }: Pick<Task, 'entry' | 'plan' | 'lane' | 'attempts'>,
    detail?: string,
    until?: number,
  ): void {
    if (this.#observe === undefined) return
    const { stream, shard } = this.#place
    const position = formatPosition(entry.record)
    const attempt = COUNTED.has(step) ? attempts : attempts + 1
    this.#observe(
      { step, stream, shard, position, route: plan.key, lane, attempt, detail, until },
      entry.record,
    )
  }
}

function whyOf(outcome: Outcome | undefined): string {
  if (outcome === undefined) return 'the gate'
  return 'error' in outcome ? `${outcome.kind}: ${describe(outcome.error)}` : outcome.kind
}
