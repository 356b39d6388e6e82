/** Owns what OpenSearch refuses in a document by its form, whatever it is mapped as: names that lead nowhere, names of its own, and depth. */
import { Refusal, unsupported } from './refusal.ts'

/** Objects within one another, with the document, and lists within one another: the default of `index.mapping.depth.limit`. */
const DEEPEST = 20

/** Fields that are no document's. */
const METADATA: ReadonlySet<string> = new Set([
  ...[
    '_id',
    '_index',
    '_source',
    '_routing',
    '_version',
    '_seq_no',
    '_field_names',
    '_ignored',
    '_nested_path',
  ],
  ...['_data_stream_timestamp', '_feature'],
])

/** A name is a path, split as Java does it: without what is empty at its end. @throws Refusal for one that leads nowhere */
export function partsOf(name: string): readonly string[] {
  if (!/^$|[. ]|^\s+$/.test(name)) return [name]
  if (name === '') throw ambiguous('field name cannot be an empty string')
  const parts = name.split('.')
  while (parts.at(-1) === '') parts.pop()
  if (parts.length === 0) throw ambiguous('field name cannot contain only the character [.]')
  if (parts.includes(''))
    throw ambiguous('object field starting or ending with a [.] makes object resolution ambiguous')
  if (parts.length > 1 && parts.some((part) => part.trim() === ''))
    throw ambiguous('object field cannot contain only whitespace')
  return parts
}

function ambiguous(reason: string): Refusal {
  const caused_by = { type: 'illegal_argument_exception', reason }
  return new Refusal(400, 'mapper_parsing_exception', 'failed to parse', { caused_by })
}

/** @param key a name of the document itself @param name what it begins with, up to a dot */
export function refuseMetadata(key: string, name: string): void {
  if (name === '_doc_count') throw unsupported('[_doc_count] in a document')
  if (!METADATA.has(name)) return
  const reason = `Field [${key}] is a metadata field and cannot be added inside a document. Use the index API request parameters.`
  throw new Refusal(400, 'mapper_parsing_exception', reason)
}

/** @param depth how many objects stand in one another here, with the document */
export function refuseDeepObjects(depth: number): void {
  if (depth > DEEPEST) throw tooDeep('field')
}

export function refuseDeepLists(value: unknown): void {
  if (listsIn(value) > DEEPEST) throw tooDeep('nested array field')
}

function tooDeep(what: string): Refusal {
  const reason = `The depth of the ${what} has exceeded the allowed limit of [${DEEPEST}]`
  return new Refusal(400, 'mapper_parsing_exception', 'failed to parse', {
    caused_by: { type: 'parse_exception', reason },
  })
}

/** How many lists stand in one another. */
function listsIn(value: unknown): number {
  return Array.isArray(value) ? 1 + value.reduce((most: number, one) => Math.max(most, listsIn(one)), 0) : 0
}
