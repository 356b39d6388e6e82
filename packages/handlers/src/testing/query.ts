/** Owns the queries of the search in memory: which documents they find. */

import { SpaceshipError } from '@spaceship/core'
import { isWithin, matchesWords, type Range, type Value, valuesAt, whetherIs } from './fields.ts'

type Predicate = (document: object, id: string) => boolean
type Fields = Readonly<Record<string, unknown>>

/** @throws SpaceshipError `query` for what it does not know */
export function compile(query: unknown): Predicate {
  const [kind, body] = single(query, 'a query')
  const known = QUERIES.get(kind)
  if (known === undefined) throw unknown(`the query '${kind}'`)
  return known(body)
}

const QUERIES = new Map<string, (body: unknown) => Predicate>([
  ['match_all', (body) => constant(body, 'match_all', true)],
  ['match_none', (body) => constant(body, 'match_none', false)],
  ['match', match],
  [
    'term',
    (body) => onField(body, 'term', 'value', [], (value, { value: wanted }) => whetherIs(value, wanted)),
  ],
  ['terms', terms],
  ['range', range],
  ['exists', exists],
  ['ids', ids],
  ['bool', bool],
  ['function_score', randomly],
])

function constant(body: unknown, kind: string, found: boolean): Predicate {
  options(body, kind, [])
  return () => found
}

function match(body: unknown): Predicate {
  return onField(body, 'match', 'query', ['operator'], (value, { query, operator = 'or' }) => {
    const how = String(operator).toLowerCase()
    if (how !== 'or' && how !== 'and') throw unknown(`the operator '${how}' of 'match'`)
    return value.kind === 'text' ? matchesWords(value.text, query, how) : whetherIs(value, query)
  })
}

function terms(body: unknown): Predicate {
  const [field, wanted] = single(body, "'terms'")
  if (!Array.isArray(wanted)) throw unknown("'terms' without a list of values")
  return (document) => valuesAt(document, field).some((value) => wanted.some((one) => whetherIs(value, one)))
}

function range(body: unknown): Predicate {
  const [field, given] = single(body, "'range'")
  const bounds: Range = options(given, 'range', ['gt', 'gte', 'lt', 'lte'])
  return (document) => {
    const values = valuesAt(document, field)
    if (values.some(({ kind }) => kind === 'text'))
      throw unknown(`a 'range' over the text '${field}': ask for '${field}.keyword'`)
    return values.some((value) => isWithin(value, bounds))
  }
}

function exists(body: unknown): Predicate {
  const { field } = options(body, 'exists', ['field'])
  if (typeof field !== 'string') throw unknown("'exists' without a field")
  return (document) => valuesAt(document, field).length > 0
}

function ids(body: unknown): Predicate {
  const { values } = options(body, 'ids', ['values'])
  const wanted: unknown[] = Array.isArray(values) ? values : [values]
  return (_, id) => wanted.some((one) => String(one) === id)
}

/** Chance changes what comes first, and nothing of what is found. */
function randomly(body: unknown): Predicate {
  const { query } = options(body, 'function_score', ['query', 'random_score', 'boost_mode'])
  return compile(query)
}

function bool(body: unknown): Predicate {
  const parts = options(body, 'bool', ['must', 'filter', 'should', 'must_not', 'minimum_should_match'])
  const all = (clauses: unknown = []) => (Array.isArray(clauses) ? clauses : [clauses]).map(compile)
  const needed = [...all(parts.must), ...all(parts.filter)]
  const should = all(parts.should)
  const forbidden = all(parts.must_not)
  const { minimum_should_match: given = 0 } = parts
  if (!Number.isInteger(given)) throw unknown(`'minimum_should_match' other than a number of clauses`)
  // Of clauses that stand alone, one must match whatever the number says.
  const least = Math.max(Number(given), should.length > 0 && needed.length === 0 ? 1 : 0)
  return (document, id) => {
    const isMet = (clause: Predicate) => clause(document, id)
    return needed.every(isMet) && !forbidden.some(isMet) && should.filter(isMet).length >= least
  }
}

/** A query of the form `{ field: value }` or `{ field: { option: value, ... } }`; `main` is the option that `value` stands for. */
function onField(
  body: unknown,
  kind: string,
  main: string,
  others: readonly string[],
  test: (value: Value, given: Fields) => boolean,
): Predicate {
  const [field, value] = single(body, `'${kind}'`)
  const given = isObject(value) ? options(value, kind, [main, ...others]) : { [main]: value }
  return (document) => valuesAt(document, field).some((one) => test(one, given))
}

function single(body: unknown, what: string): [string, unknown] {
  const [first, ...more] = isObject(body) ? Object.entries(body) : []
  if (first === undefined || more.length > 0) throw unknown(`${what} without exactly one name in it`)
  return first
}

function options(body: unknown, kind: string, known: readonly string[]): Fields {
  if (!isObject(body)) throw unknown(`'${kind}' that is no object`)
  for (const name of Object.keys(body)) if (!known.includes(name)) throw unknown(`'${name}' in '${kind}'`)
  return body
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function unknown(what: string): SpaceshipError {
  const known = [...QUERIES.keys()].join(', ')
  return new SpaceshipError(
    'query',
    `memorySearch does not know ${what}: it knows ${known}; use the embedded spaceship for other queries`,
  )
}
