/**
 * Owns definitions: whether one is right, and the form in which the interpreter runs it.
 *
 * | in a definition       | the interpreter runs                                                                   |
 * |-----------------------|----------------------------------------------------------------------------------------|
 * | a Wait                | a Task of ours, since its own timer fires at once beyond 24.8 days and knows no other clock |
 * | a Task                | the same, with a time-out that its timer can hold                                      |
 * | `TimeoutSeconds`      | nothing: its timer could not hold a year                                               |
 * | JSONata               | nothing: it is refused, since the interpreter leaves it out without a word            |
 */

import { type AwsFault, type Fields, isFields, parsed } from '../http/index.ts'
import { fault, refusals } from './refusal.ts'
import { isKnownResource } from './tasks.ts'

export interface Definition {
  /** For the interpreter, without what it does not do itself. Its own type is none of our declarations: it does not compile everywhere. */
  readonly runnable: Fields
  /** Resources of tasks, by the states' names. */
  readonly resources: ReadonlyMap<string, string>
  readonly waits: ReadonlySet<string>
  /** The states that are not inside of another one: an execution can go on at one of them. */
  readonly outermost: ReadonlySet<string>
  /** Seconds. */
  readonly timeout: number | undefined
}

/** A time-out that a timer holds: 24.8 days. */
const LONGEST_TIMEOUT = 2_147_483

/** The name of the error by which a long wait asks to be waited again. */
export const STILL_WAITING = 'Spaceship.StillWaiting'

/** The definition in a text, or what AWS would say of it. */
export type Definitions = (text: unknown) => Promise<Definition | AwsFault>

/** To validate one takes long, so each text is validated once. */
export function definitions(): Definitions {
  const known = new Map<string, Promise<Definition | AwsFault>>()
  return async (text) => {
    if (typeof text !== 'string') return refusals.validation('definition must be a text.')
    const found = known.get(text) ?? read(text)
    known.set(text, found)
    return found
  }
}

async function read(text: string): Promise<Definition | AwsFault> {
  let json: unknown
  try {
    json = parsed(text)
  } catch {
    return refusals.definition('INVALID_JSON_DESCRIPTION: Unexpected end or character in the JSON text')
  }
  if (!isFields(json)) return refusals.definition('INVALID_JSON_DESCRIPTION: Expected a JSON object')
  return (await problemOf(text)) ?? unsupported(json) ?? prepared(json)
}

/** What the interpreter's validator says. Whatever it fails at is no definition. */
async function problemOf(text: string): Promise<AwsFault | undefined> {
  const { StateMachine } = await import('aws-local-stepfunctions')
  try {
    // It changes what it validates.
    new StateMachine(JSON.parse(text))
    return undefined
  } catch (error) {
    const said = error instanceof Error ? error.message : ''
    const why = said
      .replace(/^[^\n]*see error\(s\) below:/, '')
      .trim()
      .replaceAll(/\s*\n\s*/g, ', ')
    return refusals.definition(`SCHEMA_VALIDATION_FAILED: ${why}`)
  }
}

/** What AWS takes and the interpreter does not. */
function unsupported(definition: Fields): AwsFault | undefined {
  const states = [...statesOf(definition, '')]
  const jsonata = [definition, ...states.map(({ state }) => state)].some(
    ({ QueryLanguage: language }) => language !== undefined && language !== 'JSONPath',
  )
  if (jsonata)
    return fault(
      'ValidationException',
      "The embedded Step Functions runs definitions whose QueryLanguage is 'JSONPath' only.",
    )
  for (const { name, path, state } of states) {
    if (state.Type !== 'Task' || isKnownResource(String(state.Resource))) continue
    const why = `The resource provided ${String(state.Resource)} is not recognized. The value is not a valid resource ARN, or the resource is not available in this region.`
    return refusals.definition(`SCHEMA_VALIDATION_FAILED: ${why} at ${path}/${name}/Resource`)
  }
  return undefined
}

function prepared(definition: Fields): Definition {
  const { TimeoutSeconds: timeout, ...rest } = definition
  const states = [...statesOf(definition, '')]
  return {
    runnable: runnable(rest),
    resources: new Map(
      states.flatMap(({ name, state }) =>
        state.Type === 'Task' ? [[name, String(state.Resource)] as const] : [],
      ),
    ),
    waits: new Set(states.flatMap(({ name, state }) => (state.Type === 'Wait' ? [name] : []))),
    outermost: new Set(Object.keys(Object(definition.States))),
    timeout: typeof timeout === 'number' ? timeout : undefined,
  }
}

interface Found {
  readonly name: string
  /** Of the states that it is among. */
  readonly path: string
  readonly state: Fields
}

/** All states, also those inside of others. */
function* statesOf({ States: states }: Fields, at: string): Generator<Found> {
  for (const [name, state] of Object.entries(isFields(states) ? states : {})) {
    if (!isFields(state)) continue
    const path = `${at}/States`
    yield { name, path, state }
    for (const inner of machinesIn(state)) yield* statesOf(inner, `${path}/${name}`)
  }
}

function machinesIn({ Branches: branches, Iterator: iterator, ItemProcessor: processor }: Fields): Fields[] {
  return [...(Array.isArray(branches) ? branches : []), iterator, processor].filter(isFields)
}

function runnable(machine: Fields): Fields {
  const states = Object.entries(Object(machine.States)).map(
    ([name, state]) => [name, runnableState(Object(state))] as const,
  )
  return { ...machine, States: Object.fromEntries(states) }
}

function runnableState(state: Fields): Fields {
  if (state.Type === 'Wait') return waiting(state)
  if (state.Type === 'Task') return { ...state, ...boundedTimeout(state) }
  const { Branches: branches, Iterator: iterator, ItemProcessor: processor } = state
  return {
    ...state,
    ...(Array.isArray(branches) && { Branches: branches.map((branch) => runnable(Object(branch))) }),
    ...(isFields(iterator) && { Iterator: runnable(iterator) }),
    ...(isFields(processor) && { ItemProcessor: runnable(processor) }),
  }
}

function boundedTimeout({ TimeoutSeconds: given, TimeoutSecondsPath: path }: Fields): Fields {
  if (path !== undefined) return {}
  return { TimeoutSeconds: Math.min(typeof given === 'number' ? given : LONGEST_TIMEOUT, LONGEST_TIMEOUT) }
}

/** Its parameters have the interpreter read the paths; what it hands on is its input. */
function waiting(state: Fields): Fields {
  const { Seconds, SecondsPath, Timestamp, TimestampPath, ...rest } = state
  return {
    ...rest,
    Type: 'Task',
    Resource: 'wait',
    Parameters: {
      'input.$': '$',
      ...(Seconds !== undefined && { seconds: Seconds }),
      ...(SecondsPath !== undefined && { 'seconds.$': SecondsPath }),
      ...(Timestamp !== undefined && { timestamp: Timestamp }),
      ...(TimestampPath !== undefined && { 'timestamp.$': TimestampPath }),
    },
    TimeoutSeconds: LONGEST_TIMEOUT,
    Retry: [{ ErrorEquals: [STILL_WAITING], IntervalSeconds: 0, BackoffRate: 1, MaxAttempts: 1_000 }],
  }
}
