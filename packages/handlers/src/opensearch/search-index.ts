/** Owns the definition of an index that Spaceship keeps: its documents, their mapping, and what stands for a document that was removed. */

import type { Entity } from '@spaceship/core'
import { bare, check, like, record, required, type ShapesOf, sha256, text } from '@spaceship/core/adapter'
import { type FieldMapping, type Mapped, type Mapping, mappingOf, overridden } from './mapping.ts'
import { jsonSchemaOf } from './schema.ts'

/** When a document was removed: only what stands for it has this field. */
export const REMOVED_AT = '@removedAt'

const REMOVED: Readonly<Record<string, FieldMapping>> = {
  [REMOVED_AT]: { type: 'date' },
}

/** Hides what stands for removed documents. */
export const LIVING = { bool: { must_not: [{ exists: { field: REMOVED_AT } }] } }

export interface SearchIndexOptions {
  /** Mappings of fields by their paths, instead of those that follow from the schema: `{ name: { type: 'search_as_you_type' } }`. A field of which the schema cannot tell what it holds, as `z.custom()`, must be among them. @default none */
  readonly fields?: Readonly<Record<string, FieldMapping>>
  /** Of the index, as OpenSearch takes them: shards, replicas, analysis. @default those of the cluster */
  readonly settings?: Readonly<Record<string, unknown>>
}

/**
 * An index that Spaceship keeps: versions of it behind aliases. `D` is what its documents are.
 *
 * A document that is removed leaves its version behind, without its contents and hidden from searches, until `search.purge` removes that too:
 * an older write that comes late stays out, also after a restart of the cluster, which forgets by itself what was deleted.
 */
export interface SearchIndex<out D = unknown> {
  /** Of the alias that is searched. */
  readonly name: string
  /** What a version of it is made with. */
  readonly definition: { readonly settings: Readonly<Record<string, unknown>>; readonly mappings: Mapping }
  /** Of the definition, and of the entity's `version` if it has one: another mapping, or another count, is another version. */
  readonly hash: string
  /** Holds the type only; never set. */
  readonly $document?: D
}

/** A schema that follows Standard Schema, as far as its documents' type goes. */
export interface DocumentSchema<out D> {
  readonly '~standard': { readonly version: 1; readonly types?: { readonly output: D } | undefined }
}

const isSchema = (given: unknown) => typeof Object(given)['~standard']?.validate === 'function'

export const SEARCH_INDEX = {
  name: required(text('the name of the index')),
  of: required(
    like('an entity, or a schema', (given) => isSchema(given) || isSchema(Object(given).spec?.schema)),
  ),
  options: bare({
    fields: record({}),
    settings: record({}),
  } satisfies ShapesOf<SearchIndexOptions>),
}

/** https://docs.opensearch.org/latest/api-reference/index-apis/create-index/#index-naming-restrictions, and room for what follows */
const NAME = /^[a-z0-9][a-z0-9_.-]{0,150}$/
const NAMED =
  "lower-case letters, digits, '-', '_' and '.', at most 150, of which the first is a letter or a digit"
const TELLING = 'a schema with Standard JSON Schema, as zod 4.2 and arktype 2.1.28 have it'

/**
 * Declares an index that Spaceship keeps. It is searched under its name, an alias; behind it stands a version, which `spaceship rebuild`
 * makes anew from the table. Its mapping follows from the schema of the entity.
 *
 * @param of an entity, or a schema of the documents that says what it looks like (zod 4.2, arktype 2.1.28 and later)
 * @throws ConfigurationError that lists every problem
 * @example
 * const clients = searchIndex('clients', Client, { fields: { name: { type: 'search_as_you_type' } } })
 */
export function searchIndex<D>(
  name: string,
  // What a row holds before its schema transforms it is none of the index's.
  of: Entity<D, unknown, unknown> | DocumentSchema<D>,
  options: SearchIndexOptions = {},
): SearchIndex<D> {
  let mapped: Mapped = { mapping: { dynamic: false, properties: {} }, untold: [] }
  check('searchIndex', SEARCH_INDEX, { name, of, options }, () => {
    const json = jsonSchemaOf(Object(of).spec?.schema ?? of)
    const named = Object(Object(options).fields)
    if (json !== undefined) mapped = mappingOf(json)
    return [
      ...(NAME.test(String(name)) ? [] : [`'name' is no name of an index: expected ${NAMED}`]),
      ...(json === undefined ? [`'of' does not say what its documents look like: expected ${TELLING}`] : []),
      ...Object.keys(named)
        .filter((path) => path.split('.').includes('__proto__'))
        .map(poisoned),
      ...mapped.untold.filter((path) => !isNamed(path, named)).map(untold),
    ]
  })
  const { fields = {}, settings = {} } = options
  const mappings = overridden(mapped.mapping, fields)
  const definition = {
    settings,
    mappings: { ...mappings, properties: { ...mappings.properties, ...REMOVED } },
  }
  return { name, definition, hash: hashOf(definition, Object(of).spec?.version) }
}

/**
 * What counts the versions of documents belongs to an index as its mapping does: OpenSearch compares the numbers alone, and none of another count
 * would be written, or be overwritten, ever again.
 */
function hashOf(definition: SearchIndex['definition'], version: string | undefined): string {
  const whole = version === undefined ? definition : { ...definition, version }
  return sha256(JSON.stringify(whole), 'hex').slice(0, 8)
}

/** By its path, or by that of what it stands in, or of something in it. */
function isNamed(path: string, fields: Readonly<Record<string, FieldMapping>>): boolean {
  return Object.keys(fields).some(
    (named) => named === path || path.startsWith(`${named}.`) || named.startsWith(`${path}.`),
  )
}

function poisoned(path: string): string {
  return `'fields' names '${path}': expected a path without '__proto__', since no document that has it is written`
}

function untold(path: string): string {
  return `'of' does not say what the field '${path}' holds: name its mapping, as in fields: { '${path}': { type: 'keyword' } }`
}
