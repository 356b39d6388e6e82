/**
 * What a whole invocation costs: `lambda(...)` with one route that does nothing, for an event of a thousand records, against the
 * loop that everybody writes first: `JSON.parse`, `unmarshall`, zod, the handler.
 *
 * | case                 | ours                                | by hand                          |
 * |----------------------|-------------------------------------|----------------------------------|
 * | INSERT               | `created`, the new image            | the new image parsed             |
 * | MODIFY, one image    | `saved`, the new image              | the new image parsed             |
 * | MODIFY, both images  | `changed`, with a rule on a field   | both parsed, the rule by hand    |
 */

import { type EventDef, reactor } from '@spaceship/core'
import { Client, type ClientRecords, clientRecords, clientSchema } from './clients.ts'
import { type KinesisEvent, kinesisEvent, moveOn } from './event.ts'
import { type Cases, measureRounds, median, type Pass } from './processes.ts'
import type { Options, Result } from './result.ts'

const RECORDS = 1_000
/** Milliseconds that Lambda says are left. */
const LEFT = 60_000

type Invoke = (event: KinesisEvent) => Promise<{ readonly batchItemFailures: readonly unknown[] }>

const bars: Readonly<Record<string, number>> = {
  'INSERT, sync handler': 0.6,
  'INSERT, async handler': 0.6,
  'MODIFY, one image': 0.5,
  'MODIFY, both images': 0.5,
}

export async function measureLambda(options: Options): Promise<Result> {
  const rounds = measureRounds('lambda.ts', Object.keys(cases), options)
  const middle = (figure: (of: (name: string) => number) => number) =>
    rounded(median(rounds.map((round) => figure((name) => round[name] ?? Number.NaN))))
  const ratios = Object.fromEntries(
    Object.keys(bars).flatMap((name) => [
      [`${name}: ours, us per record`, middle((of) => of(name))],
      [`${name}: by hand, us per record`, middle((of) => of(`${name}, by hand`))],
      // Of neighbours in time: a machine that others use is faster in one minute than in the next.
      [name, middle((of) => of(name) / of(`${name}, by hand`))],
    ]),
  )
  return { ratios, bars }
}

const synchronous = () => {}
const asynchronous = async () => {}
const created = Client.created('client.created')
const saved = Client.saved('client.saved')
const edited = Client.changed('client.edited', { version: {} })

export const cases: Cases = {
  'INSERT, sync handler': () => invoking('inserts', synchronous, ours(created)),
  'INSERT, sync handler, by hand': () => invoking('inserts', synchronous, byHand(newImage)),
  'INSERT, async handler': () => invoking('inserts', asynchronous, ours(created)),
  'INSERT, async handler, by hand': () => invoking('inserts', asynchronous, byHand(newImage)),
  'MODIFY, one image': () => invoking('modifies', synchronous, ours(saved)),
  'MODIFY, one image, by hand': () => invoking('modifies', synchronous, byHand(newImage)),
  'MODIFY, both images': () => invoking('modifies', synchronous, ours(edited)),
  'MODIFY, both images, by hand': () => invoking('modifies', synchronous, byHand(bothImages)),
}

async function invoking(
  kind: keyof ClientRecords,
  handler: () => unknown,
  make: (handle: () => unknown) => Promise<Invoke>,
): Promise<Pass> {
  let handled = 0
  const invoke = await make(() => {
    handled += 1
    return handler()
  })
  const event = kinesisEvent(clientRecords(RECORDS)[kind])
  let batch = 0
  return async () => {
    moveOn(event, batch)
    batch += 1
    const { batchItemFailures } = await invoke(event)
    if (batchItemFailures.length > 0 || handled !== batch * RECORDS)
      throw new Error('a record was not handled')
    return RECORDS
  }
}

function ours(wanted: EventDef): (handle: () => unknown) => Promise<Invoke> {
  return async (handle) => {
    const { silent } = await import('@spaceship/core/log')
    const { memoryDeadLetters, memoryState } = await import('@spaceship/core/memory')
    const { lambda } = await import('@spaceship/runtime-lambda')
    const stores = { state: memoryState(), deadLetters: memoryDeadLetters() }
    // The peer logs nothing either.
    const options = { application: 'bench', logger: silent, ...stores }
    const whole = lambda(reactor('bench').on('see', wanted, handle), options)
    return (event) => whole(event, { getRemainingTimeInMillis: () => LEFT })
  }
}

type Unmarshall = typeof import('@aws-sdk/util-dynamodb').unmarshall
type Images = Readonly<Record<'NewImage' | 'OldImage', Parameters<Unmarshall>[0]>>
/** False if the handler does not want the record. */
type Look = (images: Images, unmarshall: Unmarshall) => boolean

/** As users write it today. */
function byHand(wanted: Look): (handle: () => unknown) => Promise<Invoke> {
  return async (handle) => {
    const { unmarshall } = await import('@aws-sdk/util-dynamodb')
    return async ({ Records }) => {
      for (const { kinesis } of Records) {
        const record = JSON.parse(Buffer.from(kinesis.data, 'base64').toString())
        if (!wanted(record.dynamodb, unmarshall)) continue
        const answer = handle()
        if (answer instanceof Promise) await answer
      }
      return { batchItemFailures: [] }
    }
  }
}

function newImage({ NewImage }: Images, unmarshall: Unmarshall): boolean {
  clientSchema.parse(unmarshall(NewImage))
  return true
}

function bothImages({ OldImage, NewImage }: Images, unmarshall: Unmarshall): boolean {
  const before = clientSchema.parse(unmarshall(OldImage))
  return clientSchema.parse(unmarshall(NewImage)).version !== before.version
}

function rounded(value: number): number {
  return Number(value.toFixed(3))
}
