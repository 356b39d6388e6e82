/**
 * ExecuteStatement and BatchExecuteStatement, which dynalite lacks: each statement is the write of one item, captured as every other.
 *
 * | a statement that                                | alone                             | in a batch                              |
 * |-------------------------------------------------|-----------------------------------|-----------------------------------------|
 * | is not understood, or has parameters that are no values | ValidationException       | ValidationException for all of them     |
 * | inserts what is there                           | DuplicateItemException            | `DuplicateItem`                         |
 * | updates what is not there, or on a false condition | ConditionalCheckFailedException | `ConditionalCheckFailed`, with the item if asked |
 * | DynamoDB refuses                                | the same error                    | its code                                |
 */

import { type AwsAnswer, type AwsCall, type AwsFault, type Fields, isFields } from '../http/index.ts'
import { fault, missingTable, validation } from './refusal.ts'
import { parseStatement, type Statement } from './statement.ts'
import { writeOf } from './statement-write.ts'
import type { Tables } from './tables.ts'

const MOST = 25

export interface StatementOptions {
  /** PutItem and UpdateItem, captured. */
  readonly write: AwsCall
  readonly tables: Tables
}

export async function executeStatement(options: StatementOptions, input: Fields): Promise<Fields | AwsFault> {
  const read = readStatement(input, '')
  if ('type' in read) return read
  const answer = await perform(options, read)
  if (answer.ok) return { Items: [] }
  const { error, message, fields } = answer
  if (error === DUPLICATE) return fault(DUPLICATE, DUPLICATES)
  return {
    type: String(fields.__type ?? error),
    message,
    ...(fields.Item !== undefined && { fields: { Item: fields.Item } }),
  }
}

export async function batchExecuteStatement(
  options: StatementOptions,
  { Statements }: Fields,
): Promise<Fields | AwsFault> {
  const given: unknown[] = Array.isArray(Statements) ? Statements : []
  if (given.length === 0 || given.length > MOST)
    return validation(`Statements must hold between 1 and ${MOST} statements`)
  const read: Read[] = []
  for (const [index, one] of given.entries()) {
    const statement = readStatement(isFields(one) ? one : {}, ` ${index + 1}`)
    if ('type' in statement) return statement
    read.push(statement)
  }
  const answers = await Promise.all(read.map((one) => perform(options, one)))
  return { Responses: answers.map((answer, index) => response(answer, read[index]?.statement.table)) }
}

interface Read {
  readonly statement: Statement
  readonly values: readonly unknown[]
  readonly wantsOld: boolean
}

function readStatement(input: Fields, which: string): Read | AwsFault {
  const refused = (why: string) =>
    validation(`Statement${which} wasn't well formed, can't be processed: ${why}`)
  const { Statement: text, Parameters: given, ReturnValuesOnConditionCheckFailure: returned = 'NONE' } = input
  if (typeof text !== 'string') return refused('it is no text')
  const parsed = parseStatement(text)
  if ('problem' in parsed) return refused(parsed.problem)
  const values: unknown[] = Array.isArray(given) ? given : []
  if (values.length !== parsed.parameters)
    return validation("Number of parameters in request and statement don't match.")
  const broken = values.find((value) => !isValue(value))
  if (broken !== undefined) return refused('a parameter is no attribute value, or no number where it says so')
  return { statement: parsed.statement, values, wantsOld: returned === 'ALL_OLD' }
}

const TYPES = new Set(['S', 'N', 'B', 'BOOL', 'NULL', 'SS', 'NS', 'BS', 'L', 'M'])

function isValue(value: unknown): boolean {
  const [[tag, content] = ['', undefined], ...more] = Object.entries(isFields(value) ? value : {})
  if (more.length > 0 || !TYPES.has(tag)) return false
  return (
    tag !== 'N' || (typeof content === 'string' && content.trim() !== '' && Number.isFinite(Number(content)))
  )
}

const DUPLICATE = 'DuplicateItemException'
const DUPLICATES = 'Duplicate primary key exists in table'

async function perform(
  { write, tables }: StatementOptions,
  { statement, values, wantsOld }: Read,
): Promise<AwsAnswer> {
  const schema = await tables.keySchema(statement.table)
  if (schema === undefined) return refusedBy(missingTable)
  const translated = writeOf(statement, values, schema)
  if ('problem' in translated) return refusedBy(validation(translated.problem))
  const { operation, input } = translated
  const old =
    wantsOld && statement.kind === 'update' ? { ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } : {}
  const answer = await write(operation, { ...input, ...old })
  if (answer.ok || answer.error !== 'ConditionalCheckFailedException' || statement.kind === 'update')
    return answer
  return { ok: false, error: DUPLICATE, message: DUPLICATES, fields: {} }
}

function refusedBy({ type, message }: AwsFault): AwsAnswer {
  return { ok: false, error: type.slice(type.indexOf('#') + 1), message, fields: { __type: type } }
}

const CODES: Readonly<Record<string, string>> = {
  [DUPLICATE]: 'DuplicateItem',
  ConditionalCheckFailedException: 'ConditionalCheckFailed',
  ValidationException: 'ValidationError',
  ResourceNotFoundException: 'ResourceNotFound',
  ProvisionedThroughputExceededException: 'ProvisionedThroughputExceeded',
}

function response(answer: AwsAnswer, TableName: string | undefined): Fields {
  if (answer.ok) return { TableName }
  const { error, message: Message, fields } = answer
  const Code = CODES[error] ?? 'InternalServerError'
  return { TableName, Error: { Code, Message, ...(fields.Item !== undefined && { Item: fields.Item }) } }
}
