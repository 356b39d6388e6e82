import { passage, words } from './analysis.ts'
import { type Fields, isObject, numberText } from './json.ts'
import { partsOf, refuseDeepLists, refuseDeepObjects, refuseMetadata } from './limits.ts'
import {
  type Dynamic,
  type Field,
  isNumeric,
  isObjectField,
  type LeafField,
  type ObjectField,
} from './mapping.ts'
import { illegalArgument, Refusal } from './refusal.ts'
import { fieldValue, instant, type Value } from './values.ts'

/** What the index keeps of a document beside its source. */
export interface Indexed {
  readonly values: readonly { readonly path: string; readonly value?: Value }[]
  readonly passages: readonly { readonly path: string; readonly text: string }[]
}

const LONGEST_TERM = 32_766

/** Where an object stands in a document. */
interface Place {
  readonly field: ObjectField
  /** What is done with fields that are not mapped, as the objects around it have it. */
  readonly inherited: Dynamic
  readonly path: string
  readonly depth: number
}

/**
 * Reads a document as the mapping understands it. `mapping` is extended by fields that are met for the first time, so pass a
 * copy, to keep it only once the document is accepted.
 *
 * @throws Refusal `mapper_parsing_exception` and its kin
 */
export function readDocument(mapping: ObjectField, id: string, document: Fields): Indexed {
  const values: { path: string; value?: Value }[] = []
  const passages = new Map<string, string[]>()

  function object({ field, inherited, path, depth }: Place, content: Fields): void {
    refuseDeepObjects(depth)
    const dynamic = field.dynamic ?? inherited
    for (const [key, value] of Object.entries(content)) {
      const [name = '', ...rest] = partsOf(key)
      if (path === '') refuseMetadata(key, name)
      // A dotted name is a path: { 'a.b': 1 } is { a: { b: 1 } }.
      const inner = rest.length === 0 ? value : { [rest.join('.')]: value }
      member({ field, inherited: dynamic, path, depth }, name, inner, rest.length > 0)
    }
  }

  function member(
    { field: parent, inherited: dynamic, path, depth }: Place,
    name: string,
    value: unknown,
    isDotted: boolean,
  ): void {
    const samples = flatten(value)
    const full = path === '' ? name : `${path}.${name}`
    let field = parent.properties.get(name)
    if (!field && dynamic === 'strict') {
      const reason = `mapping set to strict, dynamic introduction of [${name}] within [${path === '' ? '_doc' : path}] is not allowed`
      throw new Refusal(400, 'strict_dynamic_mapping_exception', reason)
    }
    refuseDeepLists(value)
    if (!field) {
      if (samples.length === 0 || dynamic === false) return
      field = introduced(path, name, samples[0])
      parent.properties.set(name, field)
    }
    for (const item of samples) {
      if (isObjectField(field)) {
        if (!isObject(item)) {
          const reason = `object mapping for [${full}] tried to parse field [${name}] as object, but found a concrete value`
          throw new Refusal(400, 'mapper_parsing_exception', reason)
        }
        object({ field, inherited: dynamic, path: full, depth: depth + 1 }, item)
      } else if (field.type === 'flat_object') {
        if (isDotted)
          throw new Refusal(
            400,
            'mapper_parsing_exception',
            `Existing mapping for [${full}] must be of type object but found [flat_object]`,
          )
        flat(field, full, item)
      } else leaf(field, full, full, item)
    }
  }

  function leaf(field: LeafField, path: string, parent: string, item: unknown): void {
    if (field.type === 'binary') {
      // It is kept, whatever it is, and not looked at.
      if (isObject(item)) throw new Refusal(400, 'mapper_parsing_exception', 'failed to parse')
      return
    }
    // An empty text is no number, and no mistake.
    if (item === '' && isNumeric(field.type)) return
    const value = fieldValue(field.type, item)
    if (value === undefined) throw unparsable(parent, field.type, id, item)
    if ('word' in value && field.type === 'text') {
      values.push({ path })
      passages.set(path, [...(passages.get(path) ?? []), value.word])
    } else if (!('word' in value) || value.word.length <= (field.ignoreAbove ?? Number.POSITIVE_INFINITY)) {
      if ('word' in value && Buffer.byteLength(value.word) > LONGEST_TERM) throw immense(path)
      values.push({ path, value })
    }
    for (const [name, subfield] of Object.entries(field.fields ?? {}))
      leaf(subfield, `${path}.${name}`, parent, item)
  }

  function flat(field: LeafField, path: string, item: unknown): void {
    if (!isObject(item)) throw unparsable(path, field.type, id, item)
    const visit = (at: string, value: unknown): void => {
      for (const part of flatten(value)) {
        if (isObject(part)) for (const [name, inner] of Object.entries(part)) visit(`${at}.${name}`, inner)
        else {
          const word = numberText(part) ?? String(part)
          // A value is kept alone, and behind its path, which begins with the field's name twice.
          if (Buffer.byteLength(`${path}.${at}=${word}`) > LONGEST_TERM)
            throw immense(`${path}._valueAndPath`)
          for (const known of [path, at]) values.push({ path: known, value: { word } })
        }
      }
    }
    visit(path, item)
  }

  object({ field: mapping, inherited: true, path: '', depth: 1 }, document)
  return { values, passages: [...passages].map(([path, texts]) => ({ path, text: passage(texts) })) }
}

/** The values of a field: arrays are several values, null is none. */
function flatten(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value.flatMap(flatten)
  return value === null || value === undefined ? [] : [value]
}

/** A field that is met for the first time. @throws Refusal for a name that no field may have */
function introduced(path: string, name: string, sample: unknown): Field {
  if (name === '_primary_term' && path === '') throw illegalArgument('Inconsistency of field data structures')
  if (name.trim() === '' && path !== '')
    throw illegalArgument(`object field cannot contain only whitespace: ['${path}.${name}']`)
  return guess(sample)
}

/** The field that OpenSearch makes of a value that it meets for the first time. */
function guess(sample: unknown): Field {
  if (isObject(sample)) return { type: 'object', properties: new Map() }
  if (typeof sample === 'boolean') return { type: 'boolean' }
  const number = numberText(sample)
  if (number !== undefined) return { type: /^-?\d+$/.test(number) ? 'long' : 'float' }
  if (Number.isNaN(Number(sample)) && instant(sample) !== undefined) return { type: 'date' }
  return { type: 'text', fields: { keyword: { type: 'keyword', ignoreAbove: 256 } } }
}

function unparsable(path: string, type: string, id: string, item: unknown): Refusal {
  const reason = `failed to parse field [${path}] of type [${type}] in document with id '${id}'. Preview of field's value: '${preview(item)}'`
  return new Refusal(400, 'mapper_parsing_exception', reason)
}

function preview(item: unknown): string {
  if (!isObject(item)) return numberText(item) ?? String(item)
  return `{${Object.entries(item)
    .map(([name, value]) => `${name}=${preview(value)}`)
    .join(', ')}}`
}

function immense(path: string): Refusal {
  const reason = `Document contains at least one immense term in field="${path}" (whose UTF8 encoding is longer than the max length ${LONGEST_TERM})`
  return new Refusal(400, 'illegal_argument_exception', reason)
}

/** True if the value is one word of a text field as it is indexed: a `term` query does not analyse. */
export function isOneWord(text: string): boolean {
  const [word, ...rest] = words(text)
  return word === text && rest.length === 0
}
