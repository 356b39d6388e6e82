import { type Fields, isObject } from './json.ts'
import { illegalArgument, Refusal } from './refusal.ts'

/** How one index understands documents. Field types that are not listed here are refused. */
export const INTEGERS: Readonly<Record<string, number>> = {
  byte: 2 ** 7,
  short: 2 ** 15,
  integer: 2 ** 31,
  long: 2 ** 63,
}
const FLOATS = ['double', 'float', 'half_float']
const LEAVES = new Set(['text', 'keyword', 'boolean', 'date', 'binary', ...Object.keys(INTEGERS), ...FLOATS])

export function isNumeric(type: string): boolean {
  return INTEGERS[type] !== undefined || FLOATS.includes(type)
}

export type Dynamic = true | false | 'strict'

export interface LeafField {
  readonly type: string
  readonly ignoreAbove?: number
  /** The same value, indexed in other ways: `name.keyword`. */
  readonly fields?: Readonly<Record<string, LeafField>>
}

export interface ObjectField {
  readonly type: 'object'
  readonly dynamic?: Dynamic
  readonly properties: Map<string, Field>
}

export type Field = LeafField | ObjectField

export function isObjectField(field: Field): field is ObjectField {
  return 'properties' in field
}

/**
 * Reads `mappings` as they are given to an index.
 *
 * @throws Refusal for a type, or an option of a field, that is unknown or not supported here
 */
export function readMapping(mappings: unknown): ObjectField {
  if (mappings === undefined) return { type: 'object', properties: new Map() }
  if (!isObject(mappings)) throw mappingRefusal('the mapping is not an object')
  return readObject('_doc', mappings)
}

function readObject(path: string, definition: Fields): ObjectField {
  const { type: _, dynamic, properties = {}, ...rest } = definition
  refuseOptions(path, rest)
  if (!isObject(properties)) throw mappingRefusal(`properties of [${path}] is not an object`)
  const prefix = path === '_doc' ? '' : `${path}.`
  const fields = new Map<string, Field>()
  for (const [name, field] of Object.entries(properties)) {
    if (!isObject(field)) throw mappingRefusal(`Expected map for property [properties] on field [${name}]`)
    fields.set(name, readField(`${prefix}${name}`, field))
  }
  return {
    type: 'object',
    properties: fields,
    ...(dynamic === undefined ? {} : { dynamic: readDynamic(dynamic) }),
  }
}

function readField(path: string, definition: Fields): Field {
  const { type = 'object' } = definition
  if (type === 'object') return readObject(path, definition)
  return readLeaf(path, definition)
}

function readLeaf(path: string, definition: Fields): LeafField {
  const { type, fields, ignore_above: ignoreAbove, ...rest } = definition
  if (typeof type !== 'string' || !(LEAVES.has(type) || type === 'flat_object')) {
    throw mappingRefusal(`No handler for type [${type}] declared on field [${path}] in the embedded search`)
  }
  refuseOptions(path, rest)
  if (ignoreAbove !== undefined && (type !== 'keyword' || typeof ignoreAbove !== 'number')) {
    throw mappingRefusal(`ignore_above of [${path}] must be a number, on a keyword`)
  }
  if (fields !== undefined && !isObject(fields)) throw mappingRefusal(`fields of [${path}] is not an object`)
  const subfields = Object.entries(fields ?? {}).map(([name, field]) => [
    name,
    readLeaf(`${path}.${name}`, isObject(field) ? field : {}),
  ])
  return {
    type,
    ...(typeof ignoreAbove === 'number' ? { ignoreAbove } : {}),
    ...(fields === undefined ? {} : { fields: Object.fromEntries(subfields) }),
  }
}

function readDynamic(dynamic: unknown): Dynamic {
  const value = String(dynamic)
  if (value === 'strict') return 'strict'
  if (value === 'true' || value === 'false') return value === 'true'
  throw mappingRefusal(`dynamic [${value}] is not supported by the embedded search: true, false or strict`)
}

function refuseOptions(path: string, rest: Fields): void {
  const [option] = Object.keys(rest)
  if (option !== undefined)
    throw mappingRefusal(`the embedded search does not support [${option}] on [${path}]`)
}

function mappingRefusal(reason: string): Refusal {
  return new Refusal(400, 'mapper_parsing_exception', `Failed to parse mapping [_doc]: ${reason}`)
}

/**
 * Adds the fields of one mapping to another.
 *
 * @throws Refusal if a field would change its type; then nothing was added
 */
export function extendMapping(into: ObjectField, addition: ObjectField, path = ''): void {
  for (const [name, field] of addition.properties) {
    const known = into.properties.get(name)
    if (known && known.type !== field.type) {
      throw illegalArgument(
        `mapper [${path}${name}] cannot be changed from type [${known.type}] to [${field.type}]`,
      )
    }
    if (known && isObjectField(known) && isObjectField(field))
      extendMapping(cloneMapping(known), field, `${path}${name}.`)
  }
  for (const [name, field] of addition.properties) {
    const known = into.properties.get(name)
    if (known && isObjectField(known) && isObjectField(field)) extendMapping(known, field, `${path}${name}.`)
    else into.properties.set(name, field)
  }
}

export function cloneMapping(mapping: ObjectField): ObjectField {
  const properties = new Map(
    [...mapping.properties].map(([name, field]) => [
      name,
      isObjectField(field) ? cloneMapping(field) : field,
    ]),
  )
  return { ...mapping, properties }
}

/** The mapping as `GET /<index>/_mapping` shows it: sorted, objects without their type. */
export function describeMapping({ dynamic, properties }: ObjectField): Fields {
  const sorted = [...properties].sort(([one], [other]) => (one < other ? -1 : 1))
  const fields = sorted.map(([name, field]) => [
    name,
    isObjectField(field) ? describeMapping(field) : describeLeaf(field),
  ])
  return {
    ...(dynamic === undefined ? {} : { dynamic: String(dynamic) }),
    ...(fields.length === 0 ? {} : { properties: Object.fromEntries(fields) }),
  }
}

function describeLeaf({ type, ignoreAbove, fields }: LeafField): Fields {
  const described = Object.entries(fields ?? {}).map(([name, field]) => [name, describeLeaf(field)])
  return {
    type,
    ...(ignoreAbove === undefined ? {} : { ignore_above: ignoreAbove }),
    ...(fields === undefined ? {} : { fields: Object.fromEntries(described) }),
  }
}

/** The field that a path in a query names: a property, a subfield, or a leaf inside of a `flat_object`. */
export function fieldAt(mapping: ObjectField, path: string): Field | undefined {
  let field: Field = mapping
  for (const name of path.split('.')) {
    if (field.type === 'flat_object') return field
    const next: Field | undefined = isObjectField(field) ? field.properties.get(name) : field.fields?.[name]
    if (!next) return undefined
    field = next
  }
  return field
}
