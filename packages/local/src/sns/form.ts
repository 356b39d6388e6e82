/** Owns the wire of SNS: a form in, XML out. https://docs.aws.amazon.com/sns/latest/api/CommonParameters.html */

import { createHash, randomUUID } from 'node:crypto'
import { type Element, fieldsOf, type Reply, xml } from '../http/index.ts'
import type { Publication } from './topics.ts'

export interface Refused {
  readonly code: string
  readonly message: string
  readonly status?: number
}

export const isRefused = (value: object): value is Refused => 'code' in value

/** The items of a list: what stands behind `NAME.member.1`, `NAME.entry.2` and so on, by what follows the number. */
export function listOf(form: URLSearchParams, name: string): readonly URLSearchParams[] {
  const items = new Map<number, URLSearchParams>()
  for (const [key, value] of form) {
    if (!key.startsWith(`${name}.`)) continue
    const [, , index = '', ...rest] = key.slice(name.length).split('.')
    const at = Number(index)
    const item = items.get(at) ?? new URLSearchParams()
    items.set(at, item)
    item.append(rest.join('.'), value)
  }
  return [...items].sort(([a], [b]) => a - b).map(([, item]) => item)
}

/** Pairs of a map: `Attributes.entry.1.key`, `Attributes.entry.1.value`. */
export function pairsOf(form: URLSearchParams, name: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    listOf(form, name).map((item) => [item.get('key') ?? '', item.get('value') ?? '']),
  )
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters in question.
const REFUSED = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/
const GROUP = /^[!-~]{1,128}$/
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i

/** @param most bytes of the message with its attributes */
export function publicationIn(
  form: URLSearchParams,
  {
    fifo,
    contentBased,
    most,
  }: { readonly fifo: boolean; readonly contentBased: boolean; readonly most: number },
): Publication | Refused {
  const text = form.get('Message') ?? ''
  if (text === '') return invalid('Empty message')
  if (REFUSED.test(text)) return invalid('Invalid parameter: Message has characters that it may not have')
  const attributes: Record<string, { DataType: string; StringValue?: string; BinaryValue?: string }> = {}
  let size = Buffer.byteLength(text)
  for (const item of listOf(form, 'MessageAttributes')) {
    const name = item.get('Name') ?? ''
    const DataType = item.get('Value.DataType') ?? ''
    const [string, binary] = [item.get('Value.StringValue'), item.get('Value.BinaryValue')]
    const value = string ?? binary ?? ''
    // A control character is taken by AWS, and the message never delivered: here it is refused.
    if (
      !/^[\w.-]{1,256}$/.test(name) ||
      DataType === '' ||
      value === '' ||
      REFUSED.test(value) ||
      value.includes('\t')
    )
      return invalidValue(`Invalid parameter: the message attribute '${name}'`)
    if (!/^(String|Number|Binary)(\..*)?$/.test(DataType))
      return invalidValue(
        `The message attribute '${name}' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.`,
      )
    if (DataType.startsWith('Number') && !NUMBER.test(value))
      return invalidValue(`Could not cast message attribute '${name}' value to number.`)
    attributes[name] = { DataType, ...(string === null ? { BinaryValue: value } : { StringValue: value }) }
    size += Buffer.byteLength(name) + DataType.length + Buffer.byteLength(value)
  }
  if (size > most) return invalid('Invalid parameter: Message too long')
  const toQueues = form.get('MessageStructure') === 'json' ? textForQueues(text) : text
  if (typeof toQueues !== 'string') return toQueues
  const group = form.get('MessageGroupId') ?? undefined
  const given = form.get('MessageDeduplicationId') ?? undefined
  const deduplication = given ?? (contentBased ? createHash('sha256').update(text).digest('hex') : undefined)
  if (!fifo && given !== undefined)
    return invalid(
      'Invalid parameter: MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid for this topic type',
    )
  if (fifo && (group === undefined || !GROUP.test(group)))
    return invalid('Invalid parameter: The MessageGroupId parameter is required for FIFO topics')
  if (fifo && (deduplication === undefined || !GROUP.test(deduplication)))
    return invalid(
      'Invalid parameter: The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly',
    )
  return {
    text,
    toQueues,
    subject: form.get('Subject') ?? undefined,
    attributes,
    group: fifo ? group : undefined,
    deduplication,
  }
}

/** Of a message in JSON: its member `sqs`, if that is a text, else the default one. */
function textForQueues(text: string): string | Refused {
  const texts = fieldsOf(text)
  if (texts === undefined)
    return invalid('Invalid parameter: Message Structure - JSON message body failed to parse')
  const { default: other, sqs = other } = texts
  if (typeof other !== 'string')
    return invalid('Invalid parameter: Message Structure - No default entry in JSON message body')
  return typeof sqs === 'string' ? sqs : other
}

function invalidValue(message: string): Refused {
  return { code: 'ParameterValueInvalid', message }
}

export function invalid(message: string): Refused {
  return { code: 'InvalidParameter', message }
}

const REQUEST = () => ({ RequestId: randomUUID() })

export function result(action: string, content: Element): Reply {
  return xml(200, `${action}Response`, { [`${action}Result`]: content, ResponseMetadata: REQUEST() })
}

export function refusal({ code, message, status = 400 }: Refused): Reply {
  return xml(status, 'ErrorResponse', {
    Error: { Type: 'Sender', Code: code, Message: message },
    ...REQUEST(),
  })
}
