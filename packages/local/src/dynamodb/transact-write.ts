/**
 * TransactWriteItems, which dynalite lacks.
 *
 * ```
 * lock all items ─► rehearse each write on its item ─┬─ all pass ─► perform them ─► captured, unlock
 *                                                    └─ any fails ─► TransactionCanceledException, unlock
 * ```
 */

import type { Shelf } from '../data/index.ts'
import { type AwsAnswer, type AwsCall, type AwsFault, type Fields, isFault, isFields } from '../http/index.ts'
import { type Item, sizeOf } from './attribute.ts'
import type { Capture } from './capture.ts'
import { emptyIndexKey } from './index-keys.ts'
import { fault, missingTable, severalOperations, validation } from './refusal.ts'
import type { Rehearsal, Step } from './rehearsal.ts'
import { lockName, type Tables } from './tables.ts'
import { itemOf } from './writes.ts'

const MOST_STEPS = 100
const MOST_BYTES = 4 * 1_024 * 1_024
const TOKEN_LIFETIME = 10 * 60 * 1_000

export interface TransactOptions {
  readonly dynalite: AwsCall
  readonly capture: Capture
  readonly tables: Tables
  readonly rehearsal: Rehearsal
  /** Keeps the `ClientRequestToken`s of what succeeded. */
  readonly tokens: Shelf
  readonly now: () => number
}

const OPERATIONS = {
  Put: 'PutItem',
  Update: 'UpdateItem',
  Delete: 'DeleteItem',
  ConditionCheck: 'UpdateItem',
} as const

type Outcome = Fields | AwsFault

/** The handler of TransactWriteItems, with its memory of `ClientRequestToken`s. */
export function transactWrites(options: TransactOptions): (input: Fields) => Promise<Outcome> {
  const { tokens, now } = options
  const remembered = new Map<string, { body: string; at: number; outcome: Promise<Outcome> }>()
  for (const [token, kept] of tokens.all()) {
    const { body, at } = Object(kept)
    remembered.set(token, { body, at, outcome: Promise.resolve({}) })
  }

  return async (input) => {
    const { ClientRequestToken: token, ...rest } = input
    if (typeof token !== 'string') return transact(options, rest)

    for (const [old, { at }] of remembered) {
      if (now() - at < TOKEN_LIFETIME) continue
      remembered.delete(old)
      tokens.delete(old)
    }
    const body = JSON.stringify(rest)
    const earlier = remembered.get(token)
    if (earlier !== undefined && earlier.body !== body) {
      const message = 'The ClientRequestToken was used with other parameters within the last 10 minutes'
      return fault('IdempotentParameterMismatchException', message)
    }
    if (earlier !== undefined) return earlier.outcome

    const outcome = transact(options, rest)
    const at = now()
    remembered.set(token, { body, at, outcome })
    const forget = () => remembered.delete(token)
    // Only a success is remembered: a cancelled transaction may be tried again under its token.
    await outcome.then((result) => (isFault(result) ? forget() : tokens.set(token, { body, at })), forget)
    return outcome
  }
}

async function transact(
  { dynalite, capture, tables, rehearsal }: TransactOptions,
  input: Fields,
): Promise<Outcome> {
  const steps = await stepsOf(tables, input.TransactItems)
  if (!Array.isArray(steps)) return steps

  return capture.around(
    steps.map(({ touched }) => touched),
    async (before) => {
      const answers = await Promise.all(steps.map((step, index) => rehearsal.run(step, before[index])))
      const malformed = answers.find((answer) => !answer.ok && !isReason(answer))
      if (malformed !== undefined && !malformed.ok) return passedOn(malformed)
      if (answers.some((answer) => !answer.ok)) {
        return cancelled(steps.map((step, index) => reasonOf(step, answers[index], before[index])))
      }
      for (const { operation, input: single, performed } of steps) {
        const answer = performed ? await dynalite(operation, single) : undefined
        // The locks are held, so what was rehearsed holds. Anything else is a defect: say so, loudly.
        if (answer?.ok === false) throw new Error(`a rehearsed ${operation} was refused: ${answer.message}`)
      }
      return {}
    },
    { needBefore: true, whole: true },
  )
}

async function stepsOf(tables: Tables, items: unknown): Promise<Step[] | AwsFault> {
  if (!Array.isArray(items) || items.length === 0 || items.length > MOST_STEPS) {
    return validation(`TransactItems must hold between 1 and ${MOST_STEPS} operations`)
  }
  const steps: Step[] = []
  const seen = new Set<string>()
  for (const item of items) {
    const step = await stepOf(tables, item)
    if (isStepFault(step)) return step
    const name = lockName(step.touched.table, step.touched.key)
    if (seen.has(name)) return severalOperations
    seen.add(name)
    steps.push(step)
  }
  const size = steps.reduce((sum, { input, touched }) => sum + sizeOf(itemIn(input) ?? touched.key), 0)
  return size > MOST_BYTES
    ? validation('The aggregate size of the items in the transaction exceeds 4 MB')
    : steps
}

/** What a Put writes. How large another write leaves its item is not told by the request. */
function itemIn({ Item }: Fields): Item | undefined {
  return isFields(Item) ? Item : undefined
}

async function stepOf(tables: Tables, item: unknown): Promise<Step | AwsFault> {
  const [[kind, write] = ['', undefined], ...more] = Object.entries(isFields(item) ? item : {})
  if (more.length > 0 || !isKind(kind) || !isFields(write)) {
    return validation('TransactItems can only contain one of Check, Put, Update or Delete')
  }
  const { ReturnValuesOnConditionCheckFailure: returned, ...input } = write
  if (kind === 'ConditionCheck' && typeof input.ConditionExpression !== 'string') {
    return validation('A ConditionCheck needs a ConditionExpression')
  }
  if (kind === 'Update' && typeof input.UpdateExpression !== 'string') {
    return validation('An Update needs an UpdateExpression')
  }
  if ((await tables.keySchema(String(input.TableName))) === undefined) return missingTable
  const touched = await itemOf(tables, input.TableName, kind === 'Put' ? input.Item : input.Key)
  if (touched === undefined) return validation('The provided key element does not match the schema')
  const empty = await emptyIndexKey(tables, input)
  if (empty !== undefined) return empty
  const performed = kind !== 'ConditionCheck'
  return { touched, operation: OPERATIONS[kind], input, performed, returnsOld: returned === 'ALL_OLD' }
}

function isKind(kind: string): kind is keyof typeof OPERATIONS {
  return Object.hasOwn(OPERATIONS, kind)
}

function isStepFault(step: Step | AwsFault): step is AwsFault {
  return !('touched' in step)
}

type Refused = Extract<AwsAnswer, { ok: false }>

/** These refusals depend on the item, so they are a reason to cancel; others mean that the request is malformed. */
const ITEM_DEPENDENT = [
  'incorrect data type',
  'attribute that does not exist in the item',
  'invalid for update',
  'Item size',
]

function isReason({ error, message }: Refused): boolean {
  return error === 'ConditionalCheckFailedException' || ITEM_DEPENDENT.some((part) => message.includes(part))
}

function reasonOf(step: Step, answer: AwsAnswer | undefined, before: Item | undefined): Fields {
  if (answer === undefined || answer.ok) return { Code: 'None' }
  if (answer.error !== 'ConditionalCheckFailedException') {
    return { Code: 'ValidationError', Message: answer.message }
  }
  const item = step.returnsOld && before !== undefined ? { Item: before } : {}
  return { Code: 'ConditionalCheckFailed', Message: 'The conditional request failed', ...item }
}

function cancelled(reasons: readonly Fields[]): AwsFault {
  const codes = reasons.map(({ Code }) => Code).join(', ')
  const message = `Transaction cancelled, please refer cancellation reasons for specific reasons [${codes}]`
  return fault('TransactionCanceledException', message, { Message: message, CancellationReasons: reasons })
}

function passedOn({ error, message, fields }: Refused): AwsFault {
  return { type: String(fields.__type ?? error), message }
}
