/** Owns one execution as it runs: the interpreter between our clock and our tasks, and the state where it could go on. */

import type { Clock } from '@spaceship/core/ports'
import { isFields } from '../http/index.ts'
import { type Definition, STILL_WAITING } from './definition.ts'
import { errorNamed, perform, type TaskTargets } from './tasks.ts'

/** The state that was entered last: an execution goes on there after a restart, so a task may be done twice. */
export interface Place {
  readonly state: string
  readonly input: unknown
  /** Milliseconds since 1970. */
  readonly entered: number
}

export type Ending =
  | { readonly status: 'SUCCEEDED'; readonly output: string }
  | { readonly status: 'FAILED'; readonly error: string; readonly cause: string }
  | { readonly status: 'TIMED_OUT'; readonly error: string }

export interface Course {
  readonly definition: Definition
  readonly input: unknown
  /** Where it goes on. @default at the start */
  readonly place: Place | undefined
  /** Milliseconds since 1970. */
  readonly started: number
  /** The context object's fields. */
  readonly context: { readonly [name: string]: unknown }
  readonly targets: TaskTargets
  readonly clock: Pick<Clock, 'now' | 'sleep'>
  readonly timeScale: number
  readonly signal: AbortSignal
  /** Told of each state that is entered. */
  readonly entered: (place: Place) => void
}

/** A single wait is shorter than what a timer holds, and is repeated. */
const SLICE = 20 * 86_400_000

/** As AWS counts them, nearly: it ends what goes round in a circle. */
const MOST_EVENTS = 25_000

/** Runs to the end; undefined if the signal was aborted before. Never rejects. */
export async function run(course: Course): Promise<Ending | undefined> {
  const { definition, input, place, context, clock, timeScale, signal, started } = course
  const { StateMachine } = await import('aws-local-stepfunctions')
  if (signal.aborted) return undefined
  const over = new AbortController()
  const ended = AbortSignal.any([signal, over.signal])
  const machine = new StateMachine(
    // Safe: the validator has passed it, and what was changed keeps its form.
    { ...definition.runnable, ...(place && { StartAt: place.state }) } as never,
    { validationOptions: { noValidate: true } },
  )
  // Safe: what JSON holds goes in and comes out; the interpreter has a type of its own for that.
  const execution = machine.run((place === undefined ? input : place.input) as never, {
    context: { ...context, Execution: { ...Object(context.Execution) } },
    overrides: { taskResourceLocalHandlers: handlersOf(course, ended) as never },
  })
  const abort = () => {
    execution.abort()
  }
  ended.addEventListener('abort', abort, { once: true })

  const result = execution.result.then(
    (output): Ending => ({ status: 'SUCCEEDED', output: JSON.stringify(output) }),
    (error: unknown): Ending => failed(error),
  )
  const stopped = new Promise<undefined>((resolve) => {
    const end = () => {
      resolve(undefined)
    }
    signal.addEventListener('abort', end, { once: true })
  })
  const timeout = definition.timeout === undefined ? undefined : (definition.timeout * 1_000) / timeScale
  const late =
    timeout === undefined
      ? []
      : [
          clock
            .sleep(Math.max(0, started + timeout - clock.now()), ended)
            .then((): Ending => ({ status: 'TIMED_OUT', error: 'States.Timeout' })),
        ]
  const ending = await Promise.race([result, stopped, follow(course, execution.eventLogs), ...late])
  over.abort()
  return signal.aborted ? undefined : ending
}

/** Tells of the states as they are entered. Resolves only if there are too many. */
async function follow(
  { definition, clock, entered }: Course,
  events: AsyncIterable<{
    readonly type: string
    readonly state?: { readonly name: string; readonly input: unknown }
  }>,
): Promise<Ending> {
  let count = 0
  for await (const { type, state } of events) {
    count += 1
    if (count >= MOST_EVENTS) {
      const cause = `The execution reached the maximum number of history events (${MOST_EVENTS}).`
      return { status: 'FAILED', error: 'States.Runtime', cause }
    }
    if (type === 'StateEntered' && state !== undefined && definition.outermost.has(state.name))
      entered({ state: state.name, input: state.input, entered: clock.now() })
  }
  return new Promise(() => {})
}

function handlersOf(course: Course, ended: AbortSignal) {
  const { definition, targets } = course
  const waits = [...definition.waits].map((name) => [name, waiter(course, name, ended)] as const)
  const tasks = [...definition.resources].map(
    ([name, resource]) => [name, (input: unknown) => perform(resource, input, targets)] as const,
  )
  return Object.fromEntries<(input: unknown) => Promise<unknown>>([...waits, ...tasks])
}

function waiter({ clock, timeScale, started, place }: Course, name: string, ended: AbortSignal) {
  // A wait of some seconds counts from when it began, also after a restart and after each slice.
  let begun = place?.state === name ? place.entered : undefined
  return async (given: unknown): Promise<unknown> => {
    const { input, seconds, timestamp } = isFields(given) ? given : {}
    const from = begun ?? clock.now()
    const due =
      seconds === undefined
        ? dueHere(timestampOf(timestamp, name), started, timeScale)
        : from + (secondsOf(seconds, name) * 1_000) / timeScale
    const left = due - clock.now()
    if (left > SLICE) {
      begun = from
      await clock.sleep(SLICE, ended)
      throw errorNamed(STILL_WAITING, `${name} is not due yet`)
    }
    begun = undefined
    while (clock.now() < due && !ended.aborted) await clock.sleep(due - clock.now(), ended)
    return input
  }
}

/** What AWS takes: a time with seconds and a zone. */
const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/

/** @throws an error `States.Runtime` if it is none */
function timestampOf(value: unknown, state: string): number {
  const at = typeof value === 'string' && TIMESTAMP.test(value) ? Date.parse(value) : Number.NaN
  if (!Number.isNaN(at)) return at
  const why = `is no valid ISO-8601 extended offset date-time: ${JSON.stringify(value)}`
  throw errorNamed('States.Runtime', `the Timestamp of ${state} ${why}`)
}

/** @throws an error `States.Runtime` if it is none */
function secondsOf(value: unknown, state: string): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return value
  const why = `is no whole number of seconds from 0 on: ${JSON.stringify(value)}`
  throw errorNamed('States.Runtime', `the Seconds of ${state} ${why}`)
}

/** A time passes faster with `timeScale`, counted from when the execution was started. */
function dueHere(due: number, started: number, timeScale: number): number {
  return started + Math.max(0, due - started) / timeScale
}

/** What an execution fails with is what its last state failed with. */
function failed(error: unknown): Ending {
  const { cause = error } = Object(error)
  const { name, message } = Object(cause)
  return { status: 'FAILED', error: String(name ?? 'States.Runtime'), cause: String(message ?? '') }
}
