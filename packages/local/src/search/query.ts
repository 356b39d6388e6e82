/** The Query DSL as SQL. A clause, a key or a value that is not understood is refused, never left out. */
import { wordQuery, words } from './analysis.ts'
import { dateMath } from './date-math.ts'
import { isOneWord } from './document.ts'
import { type Fields, isObject } from './json.ts'
import { type Field, fieldAt, isObjectField, type ObjectField } from './mapping.ts'
import { illegalArgument, Refusal, unsupported } from './refusal.ts'
import type { SqlValue } from './store.ts'
import { fieldValue, type Value } from './values.ts'

/** SQL over a row `d` of `document`. */
export interface Clause {
  readonly where: string
  readonly score: string
}

export interface QueryScope {
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
])

const KNOWN_ELSEWHERE = new Set(
  `boosting combined_fields constant_score dis_max distance_feature function_score fuzzy geo_bounding_box geo_distance geo_shape has_child
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
  const least = parts.minimum_should_match ?? (should.length > 0 && must.length + filter.length === 0 ? 1 : 0)
  if (typeof least !== 'number' || !Number.isInteger(least) || least < 0)
    throw unsupported(`minimum_should_match [${least}] other than a number of clauses`)
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
  if (!Array.isArray(values)) throw unsupported('terms from another document, only a list of values')
  return termsField(path, values, scope)
}

function termsField(path: string, values: readonly unknown[], scope: QueryScope): Clause {
  const field = leafAt(path, scope)
  if (field === undefined) return NOTHING
  const wanted = values.map((value) => comparable(path, field, value, scope))
  if (field.type === 'text') {
    const found = wanted.flatMap((value) => ('word' in value && isOneWord(value.word) ? [value.word] : []))
    return findWords(path, wordQuery(found, 'any'), scope)
  }
  if (wanted.length === 0) return NOTHING
  const list = wanted.map((value) => scope.bind('word' in value ? value.word : value.number)).join(', ')
  return exactly(
    hasValue(path, `${wanted.some((value) => 'word' in value) ? 'word' : 'number'} in (${list})`, scope),
  )
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
    throw illegalArgument(
      `Can only use prefix queries on keyword and text fields - not on [${path}] which is of type [${field.type}]`,
    )
  const given = scope.bind(start)
  return exactly(hasValue(path, `substr(word, 1, length(${given})) = ${given}`, scope))
}

const COMPARISONS = { gt: '>', gte: '>=', lt: '<', lte: '<=' } as const

function rangeField(path: string, bounds: Fields, scope: QueryScope): Clause {
  const field = leafAt(path, scope)
  if (field === undefined) return NOTHING
  if (field.type === 'text' || field.type === 'flat_object')
    throw unsupported(`a range over [${path}], which is of type [${field.type}]`)
  const conditions: string[] = []
  for (const [key, comparison] of Object.entries(COMPARISONS)) {
    const bound = bounds[key]
    if (bound === undefined || bound === null) continue
    const value = rangeBound(path, field, bound, scope)
    conditions.push(
      'word' in value
        ? `word ${comparison} ${scope.bind(value.word)}`
        : `number ${comparison} ${scope.bind(value.number)}`,
    )
  }
  return exactly(hasValue(path, conditions.length > 0 ? conditions.join(' and ') : '1', scope))
}

function rangeBound(path: string, field: Field, bound: unknown, scope: QueryScope): Value {
  // A fraction is a legal bound of whole numbers, which a value of the field could not be.
  if (typeof bound === 'number' && field.type !== 'date' && field.type !== 'keyword') return { number: bound }
  return comparable(path, field, bound, scope)
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
  const { values } = options('ids', body, ['values'])
  if (!Array.isArray(values)) throw parsing('[ids] must be provided with [values]')
  return exactly(`d.id in (${values.map((id) => bind(String(id))).join(', ')})`)
}

function hasValue(path: string, condition: string, { bind }: QueryScope): string {
  return `d.doc in (select doc from value where path = ${bind(path)} and ${condition})`
}

/** The value to compare with, as the field holds it. */
function comparable(path: string, field: Field, given: unknown, { now }: QueryScope): Value {
  const value = field.type === 'date' && typeof given === 'string' ? (dateMath(given, now) ?? given) : given
  const found = fieldValue(field.type, value)
  if (found !== undefined && given !== null) return found
  if (field.type === 'date')
    throw parsing(
      `failed to parse date field [${given}]; the embedded search knows ISO 8601, epoch_millis and now[+-]<n><unit>`,
    )
  throw new Refusal(
    400,
    'query_shard_exception',
    `failed to create query: [${given}] is no value of [${path}], which is of type [${field.type}]`,
  )
}

function leafAt(path: string, scope: QueryScope): Field | undefined {
  const field = knownField(path, scope)
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
