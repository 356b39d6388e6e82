import { randomUUID } from 'node:crypto'
import type { Clock } from '@spaceship/core/ports'
import { systemClock } from '@spaceship/core/ports'
import { NO_SHELF, type Shelf } from '../data/index.ts'
import {
  type AwsAnswer,
  type AwsFault,
  type Fields,
  faultReply,
  fieldsOf,
  isFault,
  JSON_TYPE,
  type Reply,
  type Request,
  serve,
  targetOf,
} from '../http/index.ts'
import { definitions } from './definition.ts'
import { type Executions, executionsOf } from './executions.ts'
import { type Answer, machinesOf } from './machines.ts'
import { fault } from './refusal.ts'
import type { QueuedMessage, TaskTargets } from './tasks.ts'

export interface StepFunctionsOptions extends Omit<TaskTargets, 'send'> {
  /** SendMessage of an SQS. @default there is no queue: what is sent stands in `messages` alone */
  readonly queue?: (queueUrl: string, fields: Fields) => AwsAnswer
  /** @default chosen by the system */
  readonly port?: number
  /** @default 'us-east-1' */
  readonly region?: string
  /** @default the system's clock */
  readonly clock?: Pick<Clock, 'now' | 'sleep'>
  /** How many times faster than in reality a wait passes, counted from when the execution was started. @default 1 */
  readonly timeScale?: number
  /** Keep state machines and executions. @default they are gone with the process */
  readonly shelves?: { readonly machines: Shelf; readonly executions: Shelf }
}

export interface StepFunctions extends AsyncDisposable {
  readonly url: string
  /** The executions that run, the earliest first. */
  readonly running: Executions['running']
  /** What state machines have sent to queues in this process, the earliest first. */
  readonly messages: readonly QueuedMessage[]
  close(): Promise<void>
}

/** What the ship does with it beside. */
export interface EmbeddedStepFunctions extends StepFunctions {
  /** Stops what runs without an end: it goes on at the next launch, if that has the shelves. */
  halt(): void
}

const NO_QUEUE = 'QueueDoesNotExist'
const NO_SHELVES = { machines: NO_SHELF, executions: NO_SHELF }

/**
 * Step Functions on this machine, for its official client: state machines of the type STANDARD in JSONPath, whose tasks put records
 * on streams, invoke functions and send to queues. It may be late, never early; a wait may last a year.
 *
 * @throws SpaceshipError `local-port` if the port is taken
 */
export async function startStepFunctions({
  kinesis,
  invoke,
  queue = () => ({ ok: false, error: NO_QUEUE, message: '', fields: {} }),
  port,
  region = 'us-east-1',
  clock = systemClock,
  timeScale = 1,
  shelves = NO_SHELVES,
}: StepFunctionsOptions): Promise<EmbeddedStepFunctions> {
  const definitionOf = definitions()
  const messages: QueuedMessage[] = []
  const send = (message: QueuedMessage, fields: Fields): AwsAnswer => {
    const answer = queue(message.queueUrl, fields)
    if (!answer.ok && answer.error !== NO_QUEUE) return answer
    messages.push(message)
    return answer.ok ? answer : { ok: true, output: { MessageId: randomUUID() } }
  }
  const targets = { kinesis, invoke, send }
  const machines = machinesOf({
    definitionOf,
    shelf: shelves.machines,
    clock,
    region,
    removed: (machine) => executions.abandon(machine),
  })
  const executions = executionsOf({
    definitionOf,
    machines,
    shelf: shelves.executions,
    clock,
    timeScale,
    targets,
  })

  const operations: Readonly<Record<string, (input: Fields) => Answer>> = {
    CreateStateMachine: machines.create,
    DescribeStateMachine: machines.describe,
    UpdateStateMachine: machines.update,
    DeleteStateMachine: machines.remove,
    ListStateMachines: machines.list,
    StartExecution: executions.start,
    StopExecution: executions.stop,
    DescribeExecution: executions.describe,
    ListExecutions: executions.list,
  }

  async function answer(request: Request): Promise<Fields | AwsFault> {
    const { service, operation } = targetOf(request)
    const perform =
      service === 'AWSStepFunctions' && Object.hasOwn(operations, operation) && operations[operation]
    if (!perform)
      return fault(
        'UnknownOperationException',
        `The embedded Step Functions has no operation '${operation}'.`,
      )
    const input = fieldsOf(request.body)
    return input === undefined
      ? fault('SerializationException', 'The request body is not a JSON object.')
      : perform(input)
  }

  const server = await serve(
    async (request): Promise<Reply> => {
      const output = await answer(request)
      if (isFault(output)) return faultReply(output, JSON_TYPE)
      return { status: 200, headers: { 'content-type': JSON_TYPE }, body: JSON.stringify(output) }
    },
    port === undefined ? {} : { port },
  )

  let closing: Promise<void> | undefined
  function close(): Promise<void> {
    executions.halt()
    closing ??= server.close().then(executions.settled)
    return closing
  }
  return {
    url: server.url,
    get running() {
      return executions.running
    },
    messages,
    halt: executions.halt,
    close,
    [Symbol.asyncDispose]: close,
  }
}
