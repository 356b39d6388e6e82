/**
 * Owns the mapping that an index has because of its documents' schema.
 *
 * | the schema says                              | the field is                                                            |
 * |----------------------------------------------|-------------------------------------------------------------------------|
 * | a text                                       | `text` for words, with a `keyword` field for sorting and exact values   |
 * | a choice of texts, a UUID                    | `keyword`                                                               |
 * | a text that is a date, or a date and a time  | `date`                                                                  |
 * | an integer, another number, a boolean        | `long`, `double`, `boolean`                                             |
 * | bytes                                        | `binary`, which is kept and not searched                                |
 * | an object with fields                        | an object with fields                                                   |
 * | an object with any keys                      | `flat_object`: no key of it adds a field                                |
 * | a list                                       | what its items are                                                      |
 * | something or null                            | the something                                                           |
 * | anything, or of several kinds                | not mapped: `fields` may say how                                        |
 * | what it cannot tell                          | not mapped: `fields` must say how                                       |
 *
 * What is not mapped, also because the schema does not know it, is kept and not searchable (`dynamic: false`).
 */

export type Json = Readonly<Record<string, unknown>>

/** Marks what a schema cannot tell. */
export const UNTOLD = 'x-spaceship-untold'

export function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A field's mapping, in OpenSearch's words: `{ type: 'keyword' }`. */
export type FieldMapping = Readonly<Record<string, unknown>>

export interface Mapping {
  readonly dynamic: false
  readonly properties: Readonly<Record<string, FieldMapping>>
}

/** Beyond this many characters a text has no exact value: Lucene takes no term of more than 32,766 bytes. */
const LONGEST_KEYWORD = 1_024

const TYPES: ReadonlyMap<unknown, FieldMapping> = new Map([
  ['integer', { type: 'long' }],
  ['number', { type: 'double' }],
  ['boolean', { type: 'boolean' }],
])

const FORMATS: ReadonlyMap<unknown, FieldMapping> = new Map([
  ['date', { type: 'date' }],
  ['date-time', { type: 'date' }],
  ['uuid', { type: 'keyword' }],
  ['binary', { type: 'binary' }],
])

const TEXT: FieldMapping = {
  type: 'text',
  fields: { keyword: { type: 'keyword', ignore_above: LONGEST_KEYWORD } },
}

/** Of a JSON Schema of the documents. */
export interface Mapped {
  readonly mapping: Mapping
  /** The paths of fields whose mapping the schema cannot tell. */
  readonly untold: readonly string[]
}

interface Walk {
  readonly root: Json
  readonly path: readonly string[]
  /** How deep the walk is: lists count, too. */
  readonly depth: number
  readonly untold: Set<string>
}

/** @param schema a JSON Schema of the documents */
export function mappingOf(schema: Json): Mapped {
  const walk: Walk = { root: schema, path: [], depth: 0, untold: new Set() }
  const properties = propertiesOf(flattened(schema, walk), walk)
  return { mapping: { dynamic: false, properties }, untold: [...walk.untold] }
}

/** With these fields, by their paths, instead of those that the schema gave. */
export function overridden(mapping: Mapping, fields: Readonly<Record<string, FieldMapping>>): Mapping {
  const copy = structuredClone(mapping)
  for (const [path, field] of Object.entries(fields)) place(copy, path.split('.'), field)
  return copy
}

function place(within: object, [name = '', ...rest]: readonly string[], field: FieldMapping): void {
  // A copy of our own, of which the fields are written here alone.
  const own = within as Record<string, Record<string, Record<string, unknown>>>
  own.properties ??= {}
  const known = ownOf(own.properties, name)
  const inner = isRecord(known) && known.type !== 'flat_object' ? known : {}
  own.properties[name] = rest.length === 0 ? { ...field } : inner
  if (rest.length > 0) place(inner, rest, field)
}

function propertiesOf(schema: Json, walk: Walk): Record<string, FieldMapping> {
  return Object.fromEntries(
    Object.entries(Object(schema.properties)).flatMap(([name, given]) => {
      const field = fieldOf(Object(given), { ...walk, path: [...walk.path, name] })
      return field === undefined ? [] : [[name, field]]
    }),
  )
}

/** A schema that holds itself, as a tree does, is followed so far. */
const DEEPEST = 10

function fieldOf(given: Json, from: Walk): FieldMapping | undefined {
  if (from.depth > DEEPEST) return undefined
  const walk = rooted(given, from)
  const schema = flattened(given, walk)
  if (schema[UNTOLD] === true) walk.untold.add(walk.path.join('.'))
  if (schema.const !== undefined || Array.isArray(schema.enum)) return fieldOfValues(schema)
  const { type, format } = schema
  if (type === 'string') return FORMATS.get(format) ?? TEXT
  const within = { ...walk, depth: walk.depth + 1 }
  if (type === 'array') return fieldOf(Object(schema.items), within)
  if (type !== 'object') return TYPES.get(type)
  const properties = propertiesOf(schema, within)
  return Object.keys(Object(schema.properties)).length === 0 ? { type: 'flat_object' } : { properties }
}

/** Of a schema that lists its values. */
function fieldOfValues({ const: only, enum: several }: Json): FieldMapping | undefined {
  const values: readonly unknown[] = only === undefined && Array.isArray(several) ? several : [only]
  const [kind, ...others] = new Set(values.filter((value) => value !== null).map((value) => typeof value))
  if (others.length > 0) return undefined
  return kind === 'string' ? { type: 'keyword' } : TYPES.get(kind)
}

/**
 * Without references, and without null as an alternative; the fields of all alternatives together.
 *
 * @param within the references that led here: a union that is an alternative of its own has no more forms for that
 */
function flattened(given: Json, walk: Walk, within: readonly unknown[] = []): Json {
  const { $ref } = given
  if (within.includes($ref)) return { type: 'null' }
  const path = $ref === undefined ? within : [...within, $ref]
  const schema = resolved(given, walk.root)
  const parts = [schema.anyOf, schema.oneOf, schema.allOf].flatMap((list) =>
    Array.isArray(list) ? list : [],
  )
  if (parts.length === 0) return withoutNull(schema)
  const forms = parts.map((part) => flattened(Object(part), walk, path)).filter(({ type }) => type !== 'null')
  const [first = {}] = forms
  if (forms.length === 1) return { ...first, ...rest(schema) }
  const types = new Set(forms.map(({ type }) => String(type)))
  if (types.size === 1 && types.has('object')) return merged([schema, ...forms])
  const values = forms.map((form) => form.enum ?? (form.const === undefined ? undefined : [form.const]))
  if (values.every(Array.isArray)) return { enum: values.flat() }
  return areAlike(forms, walk) ? first : {}
}

/** Whether fields of all these forms are mapped alike. */
function areAlike(forms: readonly Json[], walk: Walk): boolean {
  // What is in objects costs most to compare, and of a union that holds itself the more the deeper it is.
  const kinds = new Set(forms.map((form) => kindOf(form, walk)))
  if (kinds.size !== 1 || !kinds.has('object')) return kinds.size === 1
  const mappings = forms.map((form) => JSON.stringify(fieldOf(form, { ...walk, untold: new Set() })))
  return new Set(mappings).size === 1
}

/** What a field is, without what is in it if it is an object. */
function kindOf(given: Json, from: Walk): string | undefined {
  if (from.depth > DEEPEST) return undefined
  const walk = rooted(given, from)
  const schema = flattened(given, walk)
  if (schema.type === 'array') return kindOf(Object(schema.items), { ...walk, depth: walk.depth + 1 })
  return schema.type === 'object' ? 'object' : JSON.stringify(fieldOf(schema, { ...walk, untold: new Set() }))
}

/** A union of objects: the same field of two forms is one of either, and told once if they say the same, lest a union that holds itself grows with each level. */
function merged(forms: readonly Json[]): Json {
  const properties = new Map<string, Map<string, Json>>()
  for (const form of forms)
    for (const [name, field] of Object.entries(Object(form.properties))) {
      const known = properties.get(name) ?? new Map<string, Json>()
      properties.set(name, known.set(JSON.stringify(field), Object(field)))
    }
  return {
    type: 'object',
    properties: Object.fromEntries(
      [...properties].map(([name, known]) => {
        const [only = {}, ...others] = known.values()
        return [name, others.length === 0 ? only : { anyOf: [only, ...others] }]
      }),
    ),
  }
}

function rest({ anyOf: _, oneOf: __, allOf: ___, ...others }: Json): Json {
  const { description: ____, title: _____, ...said } = others
  return said
}

function withoutNull(schema: Json): Json {
  if (!Array.isArray(schema.type)) return schema
  const types = schema.type.filter((type) => type !== 'null')
  return types.length === 1 ? { ...schema, type: types[0] } : { ...schema, type: undefined }
}

/** A schema within another that was made by itself, as that of a set's items, has references of its own. */
function rooted(given: Json, walk: Walk): Walk {
  return given.$schema === undefined ? walk : { ...walk, root: given }
}

function resolved(schema: Json, root: Json): Json {
  const { $ref } = schema
  if (typeof $ref !== 'string' || !$ref.startsWith('#/')) return schema
  let at: unknown = root
  for (const step of $ref.slice(2).split('/'))
    at = ownOf(at, step.replaceAll('~1', '/').replaceAll('~0', '~'))
  return Object(at)
}

/** What stands under a name that somebody else has given: every object has a `constructor` that nobody gave. */
export function ownOf(value: unknown, name: string | number): unknown {
  return Object.hasOwn(Object(value), name) ? Object(value)[name] : undefined
}
