/** `_bulk`: lines of actions and documents. A line that breaks the format fails the request, a bad document only its item. */
import { parsed } from '../http/index.ts'
import type { Documents } from './documents.ts'
import type { Indices } from './indices.ts'
import { type Fields, isObject, parseExact, parseSource } from './json.ts'
import { misnamed } from './names.ts'
import { illegalArgument, invalidRequest, Refusal, unsupported } from './refusal.ts'
import { applyWrite, type Operation, readWrite, type Write } from './writes.ts'

const OPERATIONS: readonly Operation[] = ['create', 'delete', 'index', 'update']
const KNOWN = new Set([
  '_index',
  '_id',
  'version',
  'version_type',
  'if_seq_no',
  'if_primary_term',
  'require_alias',
])
const KNOWN_ELSEWHERE = new Set([
  'routing',
  'pipeline',
  'retry_on_conflict',
  '_source',
  'op_type',
  'dynamic_templates',
])

interface Item {
  readonly write: Write
  readonly document: string
}

export interface BulkDefaults {
  readonly index: string | undefined
  readonly requireAlias: boolean
}

/** @throws Refusal if the request as a whole is refused; then nothing was written */
export function runBulk(
  body: string,
  defaults: BulkDefaults,
  documents: Documents,
  indices: Indices,
): Fields {
  const items = readItems(body, defaults)
  const answers = items.map(({ write, document }) => ({
    [write.operation]: run(write, document, documents, indices),
  }))
  return {
    took: 0,
    errors: answers.some((answer) => Object.values(answer).some((item) => 'error' in item)),
    items: answers,
  }
}

function run(write: Write, document: string, documents: Documents, indices: Indices): Fields {
  try {
    const { status, body } = applyWrite(
      write,
      () => parseDocument(document, write.operation),
      documents,
      indices,
    )
    return { ...body, status }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return { _index: write.index, _id: write.id, status: error.status, error: error.details }
  }
}

/** @throws Refusal `mapper_parsing_exception` for what is not JSON, or for what has a name that OpenSearch does not read */
export function parseDocument(text: string, operation: Operation = 'index'): unknown {
  let document: unknown
  try {
    // Refuses what nests too deep.
    parsed(text)
    document = parseSource(text)
  } catch {
    // What the parser says quotes the document, which is nobody's business in a log.
    const caused_by = { type: 'json_parse_exception', reason: 'the document is not JSON' }
    throw new Refusal(400, 'mapper_parsing_exception', 'failed to parse', { caused_by })
  }
  const reason = misnamed(text)
  if (reason === undefined) return document
  const type = operation === 'update' ? 'x_content_parse_exception' : 'mapper_parsing_exception'
  throw new Refusal(400, type, 'failed to parse', { caused_by: { type: 'json_parse_exception', reason } })
}

function readItems(body: string, defaults: BulkDefaults): readonly Item[] {
  if (body.trim() === '') throw new Refusal(400, 'parse_exception', 'request body is required')
  if (!body.endsWith('\n')) throw illegalArgument('The bulk request must be terminated by a newline [\\n]')
  const lines = body.split('\n')
  const items: Item[] = []
  const problems: string[] = []
  for (let number = 0; number < lines.length; number += 1) {
    const line = lines[number] ?? ''
    if (line.trim() === '') continue
    const [operation, fields] = readAction(line, number + 1)
    const index = text(fields._index) ?? defaults.index
    if (index === undefined) problems.push('index is missing')
    let document = ''
    if (operation !== 'delete') {
      number += 1
      document = lines[number] ?? ''
      // OpenSearch drops such an action without a word.
      if (document.trim() === '')
        throw items.length === 0
          ? invalidRequest(['no requests added'])
          : illegalArgument(`the action in line [${number}] has no document`)
    }
    const aliased = { ...fields, require_alias: fields.require_alias ?? defaults.requireAlias }
    if (operation === 'update' && (fields.version !== undefined || fields.version_type !== undefined)) {
      throw illegalArgument(
        'Update requests do not support versioning. Please use `if_seq_no` and `if_primary_term` instead',
      )
    }
    items.push({ write: readWrite(operation, index ?? '', text(fields._id), aliased, problems), document })
  }
  if (problems.length > 0) throw invalidRequest(problems)
  return items
}

function readAction(line: string, number: number): [Operation, Fields] {
  let action: unknown
  try {
    action = parseExact(line)
  } catch {
    throw illegalArgument(`Malformed action/metadata line [${number}], it is not JSON`)
  }
  const problem = misnamed(line)
  if (problem !== undefined) throw new Refusal(400, 'json_parse_exception', problem)
  const [[name, fields] = [], ...others] = isObject(action) ? Object.entries(action) : []
  const operation = OPERATIONS.find((known) => known === name)
  if (operation === undefined || others.length > 0 || !isObject(fields)) {
    throw illegalArgument(
      `Malformed action/metadata line [${number}], expected one of [${OPERATIONS.join(', ')}] but found [${name}]`,
    )
  }
  for (const key of Object.keys(fields)) {
    if (KNOWN_ELSEWHERE.has(key)) throw unsupported(`[${key}] in a bulk action`)
    if (!KNOWN.has(key))
      throw illegalArgument(`Action/metadata line [${number}] contains an unknown parameter [${key}]`)
  }
  return [operation, fields]
}

function text(value: unknown): string | undefined {
  return value === undefined || value === null ? undefined : String(value)
}
