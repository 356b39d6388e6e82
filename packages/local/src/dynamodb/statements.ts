/**
 * ExecuteStatement and BatchExecuteStatement, which dynalite lacks: each statement is the write of one item, captured as every other.
 *
 * | what is wrong                                            | alone                             | in a batch                                |
 * |----------------------------------------------------------|-----------------------------------|-------------------------------------------|
 * | a parameter is no value; two statements are of one item  | ValidationException               | ValidationException, and none is written  |
 * | the statement is not understood                          | ValidationException               | `ValidationError`                         |
 * | there is no such table                                   | ResourceNotFoundException         | `ResourceNotFound`                        |
 * | it inserts what is there                                 | DuplicateItemException            | `DuplicateItem`                           |
 * | it updates what is not there, or on a false condition    | ConditionalCheckFailedException   | `ConditionalCheckFailed`, with the item if asked |
 * | DynamoDB refuses the write                               | the same error                    | its code                                  |
 */

import { type AwsAnswer, type AwsCall, type AwsFault, type Fields, isFields } from '../http/index.ts'
import { fault, missingTable, validation } from './refusal.ts'
import { parseStatement } from './statement.ts'
import { type Write, writeOf } from './statement-write.ts'
import { keyOf, lockName, type Tables } from './tables.ts'

const MOST = 25

export interface StatementOptions {
  /** PutItem and UpdateItem, captured. */
  readonly write: AwsCall
  readonly tables: Tables
}

type Refused = Extract<AwsAnswer, { ok: false }>

/** A write that can be tried. */
interface Planned extends Write {
  readonly table: string
  /** The item that it is of; nothing if its key is none. */
  readonly item: string | undefined
}

export async function executeStatement(options: StatementOptions, input: Fields): Promise<Fields | AwsFault> {
  if (!hasValues(input)) return NO_VALUE
  const plan = await planned(options, input)
  const answer = 'error' in plan ? plan : await perform(options, plan)
  if (answer.ok) return { Items: [] }
  const { error, message, fields } = answer
  if (error === DUPLICATE) return fault(DUPLICATE, DUPLICATES)
  const item = fields.Item === undefined ? {} : { fields: { Item: fields.Item } }
  return { type: String(fields.__type ?? error), message, ...item }
}

export async function batchExecuteStatement(
  options: StatementOptions,
  { Statements }: Fields,
): Promise<Fields | AwsFault> {
  const given: unknown[] = Array.isArray(Statements) ? Statements : []
  if (given.length === 0 || given.length > MOST)
    return validation(`Statements must hold between 1 and ${MOST} statements`)
  const inputs = given.map((one) => (isFields(one) ? one : {}))
  if (!inputs.every(hasValues)) return NO_VALUE
  const plans = await Promise.all(inputs.map((input) => planned(options, input)))
  const items = plans.flatMap((plan) => ('error' in plan ? [] : (plan.item ?? [])))
  if (new Set(items).size < items.length) return validation('Provided list of item keys contains duplicates')
  const responses = plans.map(async (plan) =>
    'error' in plan ? response(plan, {}) : response(await perform(options, plan), { TableName: plan.table }),
  )
  return { Responses: await Promise.all(responses) }
}

async function planned({ tables }: StatementOptions, input: Fields): Promise<Planned | Refused> {
  const { Statement: text, Parameters: given, ReturnValuesOnConditionCheckFailure: returned } = input
  const parsed = typeof text === 'string' ? parseStatement(text) : { problem: 'it is no text' }
  if ('problem' in parsed)
    return refusedBy(validation(`Statement wasn't well formed, can't be processed: ${parsed.problem}`))
  const { statement, parameters } = parsed
  const values: unknown[] = Array.isArray(given) ? given : []
  if (values.length !== parameters)
    return refusedBy(validation("Number of parameters in request and statement don't match."))
  const { table, kind } = statement
  const schema = await tables.keySchema(table)
  if (schema === undefined) return refusedBy(missingTable)
  const write = writeOf(statement, values, schema)
  if ('problem' in write) return refusedBy(validation(write.problem))
  const { operation } = write
  const old =
    returned === 'ALL_OLD' && kind === 'update' ? { ReturnValuesOnConditionCheckFailure: returned } : {}
  const key = keyOf(schema, write.input.Key ?? write.input.Item)
  return { operation, input: { ...write.input, ...old }, table, item: key && lockName(table, key) }
}

async function perform({ write }: StatementOptions, { operation, input }: Planned): Promise<AwsAnswer> {
  const answer = await write(operation, input)
  const isDuplicate =
    !answer.ok && answer.error === 'ConditionalCheckFailedException' && operation === 'PutItem'
  return isDuplicate ? { ok: false, error: DUPLICATE, message: DUPLICATES, fields: {} } : answer
}

const DUPLICATE = 'DuplicateItemException'
const DUPLICATES = 'Duplicate primary key exists in table'

const NO_VALUE = validation('A parameter is no attribute value, or no number where it says so')

function hasValues({ Parameters: given }: Fields): boolean {
  return given === undefined || (Array.isArray(given) && given.every(isValue))
}

const TYPES = new Set(['S', 'N', 'B', 'BOOL', 'NULL', 'SS', 'NS', 'BS', 'L', 'M'])

function isValue(value: unknown): boolean {
  const [[tag, content] = ['', undefined], ...more] = Object.entries(isFields(value) ? value : {})
  if (more.length > 0 || !TYPES.has(tag)) return false
  return (
    tag !== 'N' || (typeof content === 'string' && content.trim() !== '' && Number.isFinite(Number(content)))
  )
}

function refusedBy({ type, message }: AwsFault): Refused {
  return { ok: false, error: type.slice(type.indexOf('#') + 1), message, fields: { __type: type } }
}

const CODES: Readonly<Record<string, string>> = {
  [DUPLICATE]: 'DuplicateItem',
  ConditionalCheckFailedException: 'ConditionalCheckFailed',
  ValidationException: 'ValidationError',
  ResourceNotFoundException: 'ResourceNotFound',
  ProvisionedThroughputExceededException: 'ProvisionedThroughputExceeded',
}

function response(answer: AwsAnswer, table: Fields): Fields {
  if (answer.ok) return table
  const { error, message: Message, fields } = answer
  const item = fields.Item === undefined ? {} : { Item: fields.Item }
  return { ...table, Error: { Code: CODES[error] ?? 'InternalServerError', Message, ...item } }
}
