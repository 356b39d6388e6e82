/**
 * Owns the PartiQL that is understood: one write of one item, whose values are parameters.
 *
 * ```
 * INSERT INTO "table" VALUE {'id': ?, 'name': ?}
 * UPDATE "table" SET "name" = ? REMOVE "note" WHERE "id" = ? AND ("seats" IS MISSING OR "seats" > ?)
 * ```
 */

/** A condition; a number is the place of a parameter. */
export type Condition =
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Condition[] }
  | { readonly kind: 'not'; readonly part: Condition }
  | { readonly kind: 'compare'; readonly name: string; readonly operator: string; readonly value: number }
  | { readonly kind: 'missing'; readonly name: string; readonly is: boolean }

export type Statement =
  | { readonly kind: 'insert'; readonly table: string; readonly item: readonly (readonly [string, number])[] }
  | {
      readonly kind: 'update'
      readonly table: string
      readonly set: readonly (readonly [string, number])[]
      readonly remove: readonly string[]
      /** Nothing, if the statement has none. */
      readonly where: Condition | undefined
    }

/** `parameters`: how many the statement has. */
export type Parsed =
  | { readonly statement: Statement; readonly parameters: number }
  | { readonly problem: string }

/** As in DynamoDB. */
const LONGEST = 8_192
const DEEPEST = 50

class Unreadable extends Error {}

export function parseStatement(text: string): Parsed {
  if (text.length === 0 || text.length > LONGEST)
    return { problem: `a statement has 1 to ${LONGEST} characters, this one ${text.length}` }
  const reader = readerOf(text)
  try {
    const statement = statementOf(reader)
    if (reader.peek() !== '') throw reader.unexpected('the end')
    return { statement, parameters: reader.parameters() }
  } catch (error) {
    if (error instanceof Unreadable) return { problem: error.message }
    throw error
  }
}

type Reader = ReturnType<typeof readerOf>

/** Reads one token after the other; a word is a keyword in any case. */
function readerOf(text: string) {
  const tokens = text.match(/"(?:[^"]|"")*"|'(?:[^']|'')*'|[A-Za-z_][\w$]*|\d[\w.]*|<=|>=|<>|!=|\S/g) ?? []
  let at = 0
  let parameters = 0
  const peek = () => tokens[at] ?? ''
  const unexpected = (wanted: string) =>
    new Unreadable(`'${peek() || 'the end'}' stands where the embedded DynamoDB expects ${wanted}`)
  const take = (wanted: string) => {
    const found = peek().toUpperCase() === wanted
    if (found) at += 1
    return found
  }
  return {
    peek,
    unexpected,
    take,
    expect: (wanted: string) => {
      if (!take(wanted)) throw unexpected(`'${wanted}'`)
    },
    /** The operator, if it is one of them. */
    oneOf: (operators: readonly string[]) => {
      const found = operators.find((operator) => operator === peek())
      if (found === undefined) throw unexpected(operators.join(', '))
      at += 1
      return found
    },
    name: (quote: '"' | "'") => {
      const token = peek()
      const isBare = quote === '"' && /^[A-Za-z_][\w$]*$/.test(token)
      if (!isBare && !(token.length > 2 && token.startsWith(quote))) throw unexpected(`a name in ${quote}`)
      at += 1
      return isBare ? token : token.slice(1, -1).replaceAll(quote + quote, quote)
    },
    /** The place of the next parameter: literals are not understood. */
    parameter: () => {
      if (!take('?')) throw unexpected("'?'")
      parameters += 1
      return parameters - 1
    },
    parameters: () => parameters,
  }
}

function statementOf(reader: Reader): Statement {
  if (reader.take('INSERT')) return insertOf(reader)
  if (reader.take('UPDATE')) return updateOf(reader)
  throw reader.unexpected('INSERT or UPDATE')
}

function insertOf(reader: Reader): Statement {
  reader.expect('INTO')
  const table = reader.name('"')
  reader.expect('VALUE')
  reader.expect('{')
  const item: [string, number][] = []
  do {
    const name = reader.name("'")
    reader.expect(':')
    item.push([name, reader.parameter()])
  } while (reader.take(','))
  reader.expect('}')
  return { kind: 'insert', table, item }
}

function updateOf(reader: Reader): Statement {
  const table = reader.name('"')
  const set: [string, number][] = []
  const remove: string[] = []
  for (;;) {
    if (reader.take('SET')) {
      do {
        const name = reader.name('"')
        reader.expect('=')
        set.push([name, reader.parameter()])
      } while (reader.take(','))
    } else if (reader.take('REMOVE')) remove.push(reader.name('"'))
    else break
  }
  if (set.length + remove.length === 0) throw reader.unexpected('SET or REMOVE')
  const where = reader.take('WHERE') ? either(reader, 0) : undefined
  return { kind: 'update', table, set, remove, where }
}

function either(reader: Reader, depth: number): Condition {
  if (depth > DEEPEST) throw new Unreadable(`a condition nests more than ${DEEPEST} levels deep`)
  const parts = [both(reader, depth)]
  while (reader.take('OR')) parts.push(both(reader, depth))
  return one('or', parts)
}

function both(reader: Reader, depth: number): Condition {
  const parts = [single(reader, depth)]
  while (reader.take('AND')) parts.push(single(reader, depth))
  return one('and', parts)
}

function one(kind: 'and' | 'or', parts: readonly Condition[]): Condition {
  const [only, ...more] = parts
  return only !== undefined && more.length === 0 ? only : { kind, parts }
}

function single(reader: Reader, depth: number): Condition {
  if (reader.take('NOT')) {
    if (depth > DEEPEST) throw new Unreadable(`a condition nests more than ${DEEPEST} levels deep`)
    return { kind: 'not', part: single(reader, depth + 1) }
  }
  if (reader.take('(')) {
    const inner = either(reader, depth + 1)
    reader.expect(')')
    return inner
  }
  const name = reader.name('"')
  if (reader.take('IS')) {
    const is = !reader.take('NOT')
    reader.expect('MISSING')
    return { kind: 'missing', name, is }
  }
  const operator = reader.oneOf(['=', '<>', '!=', '<=', '>=', '<', '>'])
  return { kind: 'compare', name, operator: operator === '!=' ? '<>' : operator, value: reader.parameter() }
}
