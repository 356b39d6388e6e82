/** Owns what the emulator would trip over: it is refused as AWS refuses it, before the emulator sees it. */

import { type AwsFault, type Fields, isFields } from '../http/index.ts'
import { validation } from './refusal.ts'

/** Hold attribute values, in which DynamoDB explains a null in words of its own. */
const HOLD_ATTRIBUTES = new Set([
  'Item',
  'Key',
  'ExpressionAttributeValues',
  'RequestItems',
  'TransactItems',
  'Expected',
])

/** What is wrong with the input of a call, or nothing. A parameter that is null counts as left out. */
export function malformed(operation: string, input: Fields): AwsFault | undefined {
  for (const [name, value] of Object.entries(input)) {
    const place = value === null ? undefined : nullIn(value, name)
    if (place === undefined) continue
    return validation(
      HOLD_ATTRIBUTES.has(name)
        ? 'Supplied AttributeValue is empty, must contain exactly one of the supported datatypes'
        : missing(place),
    )
  }
  return operation === 'TagResource' ? incompleteTag(input.Tags) : undefined
}

/** The input without the parameters that are null. */
export function given(input: Fields): Fields {
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== null))
}

/** The place of a null in a value: `keySchema.1`. */
function nullIn(value: unknown, place: string): string | undefined {
  if (value === null) return place
  if (typeof value !== 'object') return undefined
  const shift = Array.isArray(value) ? 1 : 0
  for (const [name, inner] of Object.entries(value)) {
    const found = nullIn(inner, `${place}.${shift === 1 ? `${Number(name) + 1}.member` : name}`)
    if (found !== undefined) return found
  }
  return undefined
}

function incompleteTag(tags: unknown): AwsFault | undefined {
  const list: unknown[] = Array.isArray(tags) ? tags : []
  const at = list.findIndex((tag) => isFields(tag) && (tag.Key === undefined || tag.Value === undefined))
  if (at === -1) return undefined
  const tag = list[at]
  return validation(
    missing(`Tags.${at + 1}.member.${isFields(tag) && tag.Key === undefined ? 'key' : 'value'}`),
  )
}

function missing(place: string): string {
  const member = place.slice(0, 1).toLowerCase() + place.slice(1)
  return `1 validation error detected: Value null at '${member}' failed to satisfy constraint: Member must not be null`
}
