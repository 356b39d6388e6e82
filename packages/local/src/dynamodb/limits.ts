/**
 * Owns the limits of a request that the emulator does not know, as far as the request alone tells: what is beyond one is refused before
 * anything is written. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
 *
 * | what                                        | limit                                         |
 * |---------------------------------------------|-----------------------------------------------|
 * | an expression, as it is sent                | 4,096 bytes                                   |
 * | IN                                          | 100 operands                                  |
 * | an attribute, the innermost of it included  | 32 levels                                     |
 * | the name of an attribute                    | from 1 character on                           |
 * | the value of a key that is asked for        | from 1 character, or byte, on                 |
 * | the token of a transaction                  | from 1 to 36 characters                       |
 */

import { type AwsFault, type Fields, isFields } from '../http/index.ts'
import { validation } from './refusal.ts'

const LONGEST_EXPRESSION = 4_096
const MOST_OPERANDS = 100
const MOST_LEVELS = 32
const LONGEST_TOKEN = 36

const EXPRESSIONS = [
  'ConditionExpression',
  'FilterExpression',
  'KeyConditionExpression',
  'ProjectionExpression',
  'UpdateExpression',
] as const

/** What is beyond a limit, or nothing. */
export function beyondLimits(operation: string, input: Fields): AwsFault | undefined {
  const wrong = operation === 'TransactWriteItems' ? wrongToken(input.ClientRequestToken) : undefined
  if (wrong !== undefined) return wrong
  if (operation === 'Scan' && input.Segment !== undefined && input.TotalSegments === undefined)
    return validation(
      'The TotalSegments parameter is required but was not present in the request when Segment parameter is present',
    )
  for (const part of partsOf(input)) {
    const found = wrongExpression(part) ?? wrongAttributes(part) ?? emptyKey(part)
    if (found !== undefined) return found
  }
  return undefined
}

/** The call itself, or what it puts together: each has items and expressions of its own. */
function partsOf(input: Fields): readonly Fields[] {
  const { TransactItems, RequestItems } = input
  const tables = isFields(RequestItems) ? Object.values(RequestItems) : []
  const members = [...listOf(TransactItems), ...tables.flatMap((table) => listOf(table))]
  return [input, ...tables, ...members.flatMap((member) => Object.values(Object(member)))].filter(isFields)
}

function wrongToken(token: unknown): AwsFault | undefined {
  if (typeof token !== 'string') return undefined
  const bound =
    token.length > LONGEST_TOKEN
      ? `less than or equal to ${LONGEST_TOKEN}`
      : token === ''
        ? 'greater than or equal to 1'
        : undefined
  return bound === undefined
    ? undefined
    : validation(
        `1 validation error detected: Value '${token}' at 'clientRequestToken' failed to satisfy constraint: Member must have length ${bound}`,
      )
}

function wrongExpression(part: Fields): AwsFault | undefined {
  for (const name of EXPRESSIONS) {
    const text = part[name]
    if (typeof text !== 'string') continue
    const size = Buffer.byteLength(text)
    if (size > LONGEST_EXPRESSION)
      return validation(
        `Invalid ${name}: Expression size has exceeded the maximum allowed size; expression size: ${size}`,
      )
    const operands = mostOperands(text)
    if (operands > MOST_OPERANDS)
      return validation(
        `Invalid ${name}: The IN operator is provided with too many operands; number of operands: ${operands}`,
      )
  }
  return undefined
}

/** Of all IN of an expression. Names and values that are called so have a sign before them. */
function mostOperands(expression: string): number {
  let most = 0
  for (const { index, 0: head } of expression.matchAll(/(?<![#:.\w])IN\s*\(/gi)) {
    let [depth, count] = [1, 1]
    for (let at = index + head.length; at < expression.length && depth > 0; at += 1) {
      const character = expression[at]
      if (character === '(') depth += 1
      else if (character === ')') depth -= 1
      else if (character === ',' && depth === 1) count += 1
    }
    most = Math.max(most, count)
  }
  return most
}

function wrongAttributes({
  Item,
  ExpressionAttributeValues,
  AttributeUpdates,
}: Fields): AwsFault | undefined {
  const updates = Object.values(Object(AttributeUpdates)).map((update) => Object(update).Value)
  const values = [Item, ExpressionAttributeValues].flatMap((map) => Object.values(Object(map)))
  if ([...values, ...updates].some((value) => isTooDeep(value, 1)))
    return validation(
      'Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit',
    )
  return [Item, AttributeUpdates].some((map) => isFields(map) && Object.hasOwn(map, ''))
    ? validation('One or more parameter values were invalid: An attribute name may not be empty')
    : undefined
}

function isTooDeep(value: unknown, level: number): boolean {
  if (level > MOST_LEVELS) return true
  const { M, L } = Object(value)
  return [...Object.values(Object(M)), ...listOf(L)].some((inner) => isTooDeep(inner, level + 1))
}

/** The other side of an equation is the name of a key, or stands for one. */
function emptyKey({
  KeyConditionExpression: expression,
  ExpressionAttributeNames: names,
  ExpressionAttributeValues: values,
}: Fields): AwsFault | undefined {
  for (const [, left = '', right = ''] of String(expression ?? '').matchAll(
    /(?<![:#\w])([:#\w]+)\s*=\s*([:#\w]+)/g,
  )) {
    const [place, name] = left.startsWith(':') ? [left, right] : [right, left]
    const kind = emptyKind(Object(values)[place])
    if (kind !== undefined)
      return validation(
        `One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty ${kind} value. Key: ${Object(names)[name] ?? name}`,
      )
  }
  return undefined
}

/** What kind of value is empty; undefined of one that is not, and of kinds that no key has. */
export function emptyKind(value: unknown): 'string' | 'binary' | undefined {
  const { S, B } = Object(value)
  return S === '' ? 'string' : B === '' ? 'binary' : undefined
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}
