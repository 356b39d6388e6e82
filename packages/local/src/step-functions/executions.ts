/**
 * Owns executions: their names, and what became of them.
 *
 * | a name that is started again                  | is answered with                    |
 * |-----------------------------------------------|-------------------------------------|
 * | it runs, with the same input                  | the execution that runs             |
 * | it runs with another input                    | `ExecutionAlreadyExists`            |
 * | it ended less than 90 days ago                | `ExecutionAlreadyExists`            |
 * | it ended before                               | a new execution                     |
 */

import { randomUUID } from 'node:crypto'
import type { Shelf } from '../data/index.ts'
import { type AwsFault, type Fields, isFault, parsed } from '../http/index.ts'
import type { Definitions } from './definition.ts'
import type { Answer, Machine, Machines } from './machines.ts'
import { refusals } from './refusal.ts'
import { isName, named, pageOf } from './request.ts'
import { type Course, type Ending, type Place, run } from './run.ts'

/** What lies on the shelf of an execution. */
interface Kept {
  readonly arn: string
  readonly name: string
  readonly machine: string
  /** As it was when the execution was started. */
  readonly definition: string
  readonly roleArn: string
  readonly input: string
  /** Milliseconds since 1970, as are the others. */
  readonly started: number
  readonly number: number
  readonly place?: Place
  readonly ended?: { readonly at: number } & (Ending | Aborted)
}

interface Aborted {
  readonly status: 'ABORTED'
  readonly error?: string
  readonly cause?: string
}

interface Execution {
  kept: Kept
  /** Aborted as it is stopped. */
  readonly stopping: AbortController
}

export interface Executions {
  start(input: Fields): Answer
  stop(input: Fields): Answer
  describe(input: Fields): Answer
  list(input: Fields): Answer
  /** What runs, the earliest first. */
  readonly running: readonly {
    readonly name: string
    readonly machine: string
    readonly state: string | undefined
  }[]
  /** Ends those of a machine that is removed. */
  abandon(machine: Machine): void
  /** Nothing goes on and nothing is kept any more. */
  halt(): void
  /** Resolves once nothing runs. */
  settled(): Promise<void>
}

export interface ExecutionsOptions extends Pick<Course, 'clock' | 'timeScale' | 'targets'> {
  readonly definitionOf: Definitions
  readonly machines: Pick<Machines, 'find'>
  readonly shelf: Shelf
}

const NAME_KEPT = 90 * 86_400_000
const LONGEST_INPUT = 262_144
const STATUSES = ['RUNNING', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED', 'PENDING_REDRIVE']

export function executionsOf({
  definitionOf,
  machines,
  shelf,
  clock,
  timeScale,
  targets,
}: ExecutionsOptions): Executions {
  const executions = new Map<string, Execution>()
  const halted = new AbortController()
  const runs = new Set<Promise<void>>()
  let count = 0

  function keep(execution: Execution, more: Partial<Kept>): void {
    execution.kept = { ...execution.kept, ...more }
    if (!halted.signal.aborted) shelf.set(execution.kept.arn, execution.kept)
  }

  function begin(kept: Kept): Execution {
    const execution = { kept, stopping: new AbortController() }
    executions.set(kept.arn, execution)
    if (kept.ended === undefined) {
      const tracked: Promise<void> = go(execution).finally(() => runs.delete(tracked))
      runs.add(tracked)
    }
    return execution
  }

  async function go(execution: Execution): Promise<void> {
    const { kept, stopping } = execution
    const signal = AbortSignal.any([stopping.signal, halted.signal])
    const definition = await definitionOf(kept.definition)
    const ending = isFault(definition)
      ? ({ status: 'FAILED', error: 'States.Runtime', cause: definition.message } as const)
      : await run({
          definition,
          input: JSON.parse(kept.input),
          place: kept.place,
          started: kept.started,
          context: contextOf(kept),
          targets,
          clock,
          timeScale,
          signal,
          entered: (place) => {
            if (!signal.aborted) keep(execution, { place })
          },
        })
    if (ending !== undefined && !signal.aborted) keep(execution, { ended: { at: clock.now(), ...ending } })
  }

  function abort(execution: Execution, why: Omit<Aborted, 'status'>): number {
    const { ended } = execution.kept
    if (ended !== undefined) return ended.at
    const at = clock.now()
    keep(execution, { ended: { at, status: 'ABORTED', ...why } })
    execution.stopping.abort()
    return at
  }

  function find(arn: unknown): Execution | AwsFault {
    if (named('execution', arn) === undefined) return refusals.arn(arn)
    return executions.get(String(arn)) ?? refusals.noExecution(String(arn))
  }

  function start({ stateMachineArn, name = randomUUID(), input = '{}' }: Fields): Fields | AwsFault {
    const machine = machines.find(stateMachineArn)
    if (isFault(machine)) return machine
    if (!isName(name)) return refusals.name(name)
    if (typeof input !== 'string' || !isJson(input)) return refusals.input('The input is not JSON')
    if (Buffer.byteLength(input) > LONGEST_INPUT)
      return refusals.validation(`The input is longer than ${LONGEST_INPUT} bytes.`)
    const arn = `${machine.arn.replace(':stateMachine:', ':execution:')}:${name}`
    const former = executions.get(arn)?.kept
    if (former !== undefined) {
      if (former.ended === undefined && former.input === input) return startedAs(former)
      if (former.ended === undefined || clock.now() - former.ended.at < NAME_KEPT) return refusals.twice(arn)
    }
    const { definition, roleArn } = machine
    const kept = {
      arn,
      name,
      machine: machine.arn,
      definition,
      roleArn,
      input,
      started: clock.now(),
      number: count,
    }
    count += 1
    shelf.set(arn, kept)
    begin(kept)
    return startedAs(kept)
  }

  function list(input: Fields): Fields | AwsFault {
    const { stateMachineArn, statusFilter } = input
    const machine = machines.find(stateMachineArn)
    if (isFault(machine)) return machine
    if (statusFilter !== undefined && !STATUSES.includes(String(statusFilter)))
      return refusals.validation(`statusFilter must be one of ${STATUSES.join(', ')}.`)
    const matching = [...executions.values()]
      .map(({ kept }) => kept)
      .filter((kept) => kept.machine === machine.arn && (statusFilter ?? statusOf(kept)) === statusOf(kept))
      .sort((one, other) => other.number - one.number)
    // The latest first: a place is how far it is from the end of all numbers.
    const page = pageOf(matching, ({ number }) => Number.MAX_SAFE_INTEGER - number, input)
    if ('type' in page) return page
    const { items, ...next } = page
    return { executions: items.map(summary), ...next }
  }

  for (const [, value] of shelf.all()) {
    // Safe: nothing but what is set above lies on this shelf.
    const kept = value as Kept
    count = Math.max(count, kept.number + 1)
    begin(kept)
  }

  return {
    start,
    list,
    stop: ({ executionArn, error, cause }) => {
      const found = find(executionArn)
      if (isFault(found)) return found
      const why = {
        ...(error !== undefined && { error: String(error) }),
        ...(cause !== undefined && { cause: String(cause) }),
      }
      return { stopDate: abort(found, why) / 1_000 }
    },
    describe: ({ executionArn }) => {
      const found = find(executionArn)
      return isFault(found) ? found : { ...summary(found.kept), ...details(found.kept) }
    },
    get running() {
      return [...executions.values()]
        .filter(({ kept }) => kept.ended === undefined)
        .map(({ kept: { name, machine, place } }) => ({ name, machine, state: place?.state }))
    },
    abandon: ({ arn }) => {
      for (const [key, execution] of executions) {
        if (execution.kept.machine !== arn) continue
        execution.stopping.abort()
        executions.delete(key)
        shelf.delete(key)
      }
    },
    halt: () => halted.abort(),
    settled: async () => {
      while (runs.size > 0) await Promise.all(runs)
    },
  }
}

function isJson(text: string): boolean {
  try {
    parsed(text)
    return true
  } catch {
    return false
  }
}

const startedAs = ({ arn, started }: Kept) => ({ executionArn: arn, startDate: started / 1_000 })

const statusOf = ({ ended }: Kept) => ended?.status ?? 'RUNNING'

function summary(kept: Kept): Fields {
  const { arn, machine, name, started, ended } = kept
  return {
    executionArn: arn,
    stateMachineArn: machine,
    name,
    status: statusOf(kept),
    startDate: started / 1_000,
    ...(ended && { stopDate: ended.at / 1_000 }),
  }
}

function details({ input, ended }: Kept): Fields {
  const { status: _, at: __, ...outcome } = ended ?? {}
  return {
    input,
    inputDetails: { included: true },
    ...outcome,
    outputDetails: { included: true },
    redriveCount: 0,
  }
}

function contextOf({ arn, name, machine, roleArn }: Kept): Course['context'] {
  return {
    Execution: { Id: arn, Name: name, RoleArn: roleArn },
    StateMachine: { Id: machine, Name: machine.slice(machine.lastIndexOf(':') + 1) },
  }
}
