/** The Query DSL as SQL. A clause, a key or a value that is not understood is refused, never left out. */
import { wordQuery, words } from './analysis.ts'
import { dateMath } from './date-math.ts'
import { isOneWord } from './document.ts'
import { type Fields, isObject } from './json.ts'
import { type Field, fieldAt, INTEGERS, isObjectField, type ObjectField } from './mapping.ts'
import { illegalArgument, Refusal, shardRefusal, unsupported } from './refusal.ts'
import type { SqlValue } from './store.ts'
import { fieldValue, instants } from './values.ts'

/** SQL over a row `d` of `document`. */
export interface Clause {
  readonly where: string
  readonly score: string
}

export interface QueryScope {
  readonly index: { readonly name: string; readonly uuid: string }
  readonly mapping: ObjectField
  readonly now: number
  /** Keeps a parameter and returns its name in the SQL. */
  bind(value: SqlValue): string
  /** Keeps a common table expression of (doc, score) and returns its name. */
  scored(sql: string): string
}

const NOTHING: Clause = { where: '0', score: '0' }
const exactly = (where: string): Clause => ({ where, score: '1' })

/** @throws Refusal for what is malformed, unknown, or not supported here */
export function compileQuery(query: unknown, scope: QueryScope): Clause {
  if (isObject(query) && Object.keys(query).length === 0)
    throw illegalArgument('query malformed, empty clause found')
  const [name, body] = single(query, 'query')
  const compile = QUERIES.get(name)
  if (compile) return compile(body, scope)
  if (KNOWN_ELSEWHERE.has(name)) throw unsupported(`the query [${name}]`)
  throw parsing(`unknown query [${name}]`)
}

type Compile = (body: unknown, scope: QueryScope) => Clause

const QUERIES = new Map<string, Compile>([
  ['match_all', withoutOptions('match_all', exactly('1'))],
  ['match_none', withoutOptions('match_none', NOTHING)],
  [
    'match',
    onField('match', 'query', ['operator'], (field, { query, operator }, scope) =>
      matchField(field, query, operatorOf(operator), scope),
    ),
  ],
  [
    'match_phrase',
    onField('match_phrase', 'query', [], (field, { query }, scope) =>
      matchField(field, query, 'phrase', scope),
    ),
  ],
  ['multi_match', multiMatch],
  ['term', onField('term', 'value', [], (field, { value }, scope) => termsField(field, [value], scope))],
  ['terms', terms],
  ['prefix', onField('prefix', 'value', [], (field, { value }, scope) => prefixField(field, value, scope))],
  ['range', onField('range', undefined, ['gt', 'gte', 'lt', 'lte'], rangeField)],
  ['exists', exists],
  ['ids', ids],
  ['bool', bool],
  ['function_score', randomly],
])

const KNOWN_ELSEWHERE = new Set(
  `boosting combined_fields constant_score dis_max distance_feature fuzzy geo_bounding_box geo_distance geo_shape has_child
  has_parent hybrid intervals knn match_bool_prefix match_phrase_prefix more_like_this nested neural parent_id percolate query_string
  rank_feature regexp script script_score simple_query_string span_containing span_first span_multi span_near span_not span_or span_term
  span_within terms_set wildcard wrapper`.split(/\s+/),
)

function bool(body: unknown, scope: QueryScope): Clause {
  const parts = options('bool', body, ['must', 'should', 'filter', 'must_not', 'minimum_should_match'])
  const compileAll = (clauses: unknown) => {
    if (clauses === undefined) return []
    return (Array.isArray(clauses) ? clauses : [clauses]).map((clause) => compileQuery(clause, scope))
  }
  const must = compileAll(parts.must)
  const filter = compileAll(parts.filter)
  const should = compileAll(parts.should)
  const { minimum_should_match: given = 0 } = parts
  if (typeof given !== 'number' || !Number.isInteger(given) || given < 0)
    throw unsupported(`minimum_should_match [${given}] other than a number of clauses`)
  // Of clauses that stand alone, one must match whatever the number says.
  const alone = should.length > 0 && must.length + filter.length === 0
  const least = alone ? Math.max(1, given) : given
  const where = [
    ...[...must, ...filter].map((clause) => `(${clause.where})`),
    ...compileAll(parts.must_not).map((clause) => `not (${clause.where})`),
    ...(least === 0
      ? []
      : [`${['0', ...should.map((clause) => `(${clause.where})`)].join(' + ')} >= ${scope.bind(least)}`]),
  ]
  const optional = should.map((clause) => `case when ${clause.where} then ${clause.score} else 0 end`)
  // A query of filters alone scores nothing, one of nothing at all matches everything with 1.
  const scores = [...must.map((clause) => clause.score), ...optional]
  const score = scores.length > 0 ? scores.join(' + ') : filter.length > 0 ? '0' : '1'
  return { where: `(${where.length > 0 ? where.join(' and ') : '1'})`, score: `(${score})` }
}

type How = 'any' | 'all' | 'phrase'

function operatorOf(operator: unknown): How {
  const name = String(operator ?? 'or').toLowerCase()
  if (name === 'or' || name === 'and') return name === 'or' ? 'any' : 'all'
  throw illegalArgument(`operator needs to be either OR or AND, but not [${operator}]`)
}

function matchField(path: string, query: unknown, how: How, scope: QueryScope): Clause {
  const field = leafAt(path, scope)
  if (field === undefined) return NOTHING
  if (field.type !== 'text') return termsField(path, [query], scope)
  if (typeof query === 'object') throw parsing('a match query needs a text to look for')
  return findWords(path, wordQuery(words(String(query)), how), scope)
}

function findWords(path: string, expression: string | undefined, { bind, scored }: QueryScope): Clause {
  if (expression === undefined) return NOTHING
  const found = scored(`
    select p.doc as doc, -bm25(words) as score from words join passage p on p.row = words.rowid
    where words match ${bind(expression)} and p.path = ${bind(path)}`)
  return {
    where: `d.doc in (select doc from ${found})`,
    score: `coalesce((select score from ${found} f where f.doc = d.doc), 0)`,
  }
}

function multiMatch(body: unknown, scope: QueryScope): Clause {
  const {
    query,
    fields,
    operator,
    type = 'best_fields',
  } = options('multi_match', body, ['query', 'fields', 'operator', 'type'])
  if (type !== 'best_fields') throw unsupported(`multi_match of type [${type}]`)
  if (!Array.isArray(fields) || fields.length === 0) throw unsupported('multi_match without a list of fields')
  const how = operatorOf(operator)
  const clauses = fields.map((path) => {
    if (typeof path !== 'string' || /[*^]/.test(path))
      throw unsupported(`wildcards and boosts in the fields of multi_match: [${path}]`)
    return matchField(path, query, how, scope)
  })
  const [first] = clauses
  const scores = clauses.map(({ where, score }) => `case when ${where} then ${score} else 0 end`)
  if (first && clauses.length === 1) return first
  return { where: `(${clauses.map(({ where }) => where).join(' or ')})`, score: `max(${scores.join(', ')})` }
}

function terms(body: unknown, scope: QueryScope): Clause {
  const [path, values] = single(body, 'terms')
  if (isObject(values)) throw unsupported('terms from another document, only a list of values')
  if (!Array.isArray(values)) throw parsing(`[terms] query does not support [${path}]`)
  return termsField(path, values, scope)
}

function termsField(path: string, values: readonly unknown[], scope: QueryScope): Clause {
  const field = leafAt(path, scope)
  if (field === undefined) return NOTHING
  const wanted = values.map((value) => target(path, field, value, scope))
  const wordsWanted = wanted.flatMap((value) => ('word' in value ? [value.word] : []))
  if (field.type === 'text') return findWords(path, wordQuery(wordsWanted.filter(isOneWord), 'any'), scope)
  if (wanted.length === 0) return NOTHING
  const conditions = wanted.flatMap((value) => {
    if ('word' in value) return []
    const { first, last } = value
    const from = scope.bind(first)
    return [first === last ? `number = ${from}` : `number between ${from} and ${scope.bind(last)}`]
  })
  if (wordsWanted.length > 0) conditions.push(`word in (${wordsWanted.map(scope.bind).join(', ')})`)
  return exactly(hasValue(path, `(${conditions.join(' or ')})`, scope))
}

function prefixField(path: string, value: unknown, scope: QueryScope): Clause {
  const field = leafAt(path, scope)
  if (field === undefined) return NOTHING
  const start = String(value)
  if (field.type === 'text')
    return isOneWord(start)
      ? { ...findWords(path, wordQuery([start], 'prefix'), scope), score: '1' }
      : NOTHING
  if (field.type !== 'keyword' && field.type !== 'flat_object')
    throw shardRefusal(
      scope.index,
      'query_shard_exception',
      `Can only use prefix queries on keyword and text fields - not on [${path}] which is of type [${field.type}]`,
    )
  const given = scope.bind(start)
  return exactly(hasValue(path, `substr(word, 1, length(${given})) = ${given}`, scope))
}

/** How a value compares, and with which end of what the bound stands for: a date may be a whole day. */
const COMPARISONS = {
  gt: { operator: '>', end: 'last' },
  gte: { operator: '>=', end: 'first' },
  lt: { operator: '<', end: 'first' },
  lte: { operator: '<=', end: 'last' },
} as const

function rangeField(path: string, bounds: Fields, scope: QueryScope): Clause {
  const field = leafAt(path, scope)
  if (field === undefined) return NOTHING
  if (field.type === 'text' || field.type === 'flat_object')
    throw unsupported(`a range over [${path}], which is of type [${field.type}]`)
  const conditions: string[] = []
  for (const [key, { operator, end }] of Object.entries(COMPARISONS)) {
    const bound = bounds[key]
    if (bound === undefined || bound === null) continue
    const value = rangeBound(path, field, bound, scope)
    const [column, limit] = 'word' in value ? ['word', value.word] : ['number', value[end]]
    conditions.push(`${column} ${operator} ${scope.bind(limit)}`)
  }
  return exactly(hasValue(path, conditions.length > 0 ? conditions.join(' and ') : '1', scope))
}

function rangeBound(path: string, field: Field, bound: unknown, scope: QueryScope): Target {
  // A fraction is a legal bound of whole numbers, which a value of the field could not be.
  const isNumber = typeof bound === 'number' && field.type !== 'date' && field.type !== 'keyword'
  return isNumber ? { first: bound, last: bound } : target(path, field, bound, scope)
}

function exists(body: unknown, scope: QueryScope): Clause {
  const { field: path } = options('exists', body, ['field'])
  if (typeof path !== 'string') throw parsing('[exists] must be provided with a [field]')
  const field = knownField(path, scope)
  if (field === undefined) return NOTHING
  const { bind } = scope
  const inside = isObjectField(field)
    ? ` or (v.path > ${bind(`${path}.`)} and v.path < ${bind(`${path}/`)})`
    : ''
  return exactly(`exists (select 1 from value v where v.doc = d.doc and (v.path = ${bind(path)}${inside}))`)
}

function ids(body: unknown, { bind }: QueryScope): Clause {
  const { values: given } = options('ids', body, ['values'])
  const values = typeof given === 'string' ? [given] : given
  if (!Array.isArray(values)) throw parsing('[ids] must be provided with [values]')
  return exactly(`d.id in (${values.map((id) => bind(String(id))).join(', ')})`)
}

/** Of a `function_score` its `random_score` with a seed: the same order for the same seed, and another for each. */
function randomly(body: unknown, scope: QueryScope): Clause {
  const parts = options('function_score', body, ['query', 'random_score', 'boost_mode'])
  const { query, random_score: random, boost_mode: mode } = parts
  const { seed, field } = options('random_score', random, ['seed', 'field'])
  if (!Number.isSafeInteger(seed) || field !== '_seq_no' || mode !== 'replace')
    throw unsupported(
      "a [random_score] without a whole [seed], the field '_seq_no' and the boost_mode 'replace'",
    )
  const { where } = compileQuery(query, scope)
  return {
    where,
    score: `((d.seq_no * 40503 + ${scope.bind(String(seed))}) * 2654435761 % 1000003) / 1000003.0`,
  }
}

function hasValue(path: string, condition: string, { bind }: QueryScope): string {
  return `d.doc in (select doc from value where path = ${bind(path)} and ${condition})`
}

/** What to compare with: a word, or the numbers from first to last. */
type Target = { readonly word: string } | { readonly first: number; readonly last: number }

function target(path: string, field: Field, given: unknown, { now, index }: QueryScope): Target {
  if (field.type === 'date') {
    const dates = instants(typeof given === 'string' ? (dateMath(given, now) ?? given) : given)
    if (dates) return dates
    const reason = `failed to parse date field [${given}]; the embedded search knows ISO 8601, epoch_millis and now[+-]<n><unit>`
    throw shardRefusal(index, 'parse_exception', reason)
  }
  // No whole number equals it.
  const isFraction = INTEGERS[field.type] !== undefined && Number(given) % 1 !== 0
  if (typeof given === 'number' && isFraction) return { first: given, last: given }
  const value = given === null ? undefined : fieldValue(field.type, given)
  if (value === undefined) {
    const reason = `failed to create query: [${given}] is no value of [${path}], which is of type [${field.type}]`
    throw shardRefusal(index, 'query_shard_exception', reason)
  }
  return 'word' in value ? value : { first: value.number, last: value.number }
}

function leafAt(path: string, scope: QueryScope): Field | undefined {
  const field = knownField(path, scope)
  if (field?.type === 'binary')
    throw shardRefusal(scope.index, 'query_shard_exception', 'Binary fields do not support searching')
  return field && isObjectField(field) ? undefined : field
}

function knownField(path: string, { mapping }: QueryScope): Field | undefined {
  if (path.startsWith('_'))
    throw unsupported(`queries of the metadata field [${path}]; the query [ids] finds documents by id`)
  return fieldAt(mapping, path)
}

function withoutOptions(name: string, clause: Clause): Compile {
  return (body) => {
    options(name, body, [])
    return clause
  }
}

/** A query of the form `{ field: value }` or `{ field: { option: value, ... } }`; `main` is the option that `value` stands for. */
function onField(
  name: string,
  main: string | undefined,
  others: readonly string[],
  compile: (path: string, given: Fields, scope: QueryScope) => Clause,
): Compile {
  const known = main === undefined ? others : [main, ...others]
  return (body, scope) => {
    const [path, value] = single(body, name)
    if (!isObject(value)) {
      if (main === undefined) throw parsing(`[${name}] query malformed, no start_object after [${path}]`)
      return compile(path, { [main]: value }, scope)
    }
    const given = options(name, value, known)
    if (main !== undefined && given[main] === undefined)
      throw illegalArgument(`[${name}] needs a [${main}] for [${path}]`)
    return compile(path, given, scope)
  }
}

function single(body: unknown, name: string): [string, unknown] {
  const [first, ...rest] = isObject(body) ? Object.entries(body) : []
  if (!first) throw parsing(`[${name}] malformed, it must be an object with one key`)
  if (rest.length > 0)
    throw parsing(`[${name}] malformed, expected one key but found [${first[0]}] and [${rest[0]?.[0]}]`)
  return first
}

function options(name: string, body: unknown, known: readonly string[]): Fields {
  if (!isObject(body)) throw parsing(`[${name}] query malformed, it must be an object`)
  for (const key of Object.keys(body))
    if (!known.includes(key)) throw unsupported(`[${key}] in the query [${name}]`)
  return body
}

function parsing(reason: string): Refusal {
  return new Refusal(400, 'parsing_exception', reason)
}
