import type { StandardSchemaV1 } from '@standard-schema/spec'
import {
  callable,
  called,
  check,
  choice,
  closed,
  isText,
  like,
  record,
  required,
  type ShapesOf,
  standardSchema,
  text,
  textOr,
} from '../shapes.ts'
import { answerOf } from './answers.ts'
import {
  ACTORS,
  type Actor,
  type Changed,
  type ChangeKind,
  type ChangeSpec,
  type Created,
  type EntitySpec,
  type EventDef,
  type Image,
  type Removed,
  type Row,
  type Saved,
} from './event.ts'
import type { NoAttributeAlwaysHoldsANumber, NoExcess } from './excess.ts'
import type { When } from './marks.ts'
import {
  type AfterMatch,
  type BeforeMatch,
  matcher,
  PATTERN,
  type Pattern,
  patternProblems,
} from './pattern.ts'

/** The key of an item: one attribute, or partition and sort. */
export type KeyNames<Attribute extends string> = KeyForms<Attribute>['key']

// A field of an interface, so that the type checker prints the forms and not the name.
interface KeyForms<Attribute extends string> {
  key: Attribute | { readonly partition: Attribute; readonly sort: Attribute }
}

/** What names one row: the value of the one key attribute, or an object with both. */
export type KeyValue<Item, K> = K extends keyof Item
  ? Item[K]
  : K extends { readonly partition: infer P extends keyof Item; readonly sort: infer S extends keyof Item }
    ? { readonly [A in P | S]: Item[A] }
    : never

/** The fields that always hold a number; with `lossless` integers are bigints. */
type Numeric<T> = keyof {
  // What a schema keeps without naming it may hold anything.
  [F in keyof T as string extends F ? never : T[F] extends number | bigint ? F : never]: F
} &
  string

/** What `version` may be, or what the type checker is to say if that is nothing. */
type VersionOf<T> = [Numeric<T>] extends [never] ? NoAttributeAlwaysHoldsANumber : Numeric<T>

export interface EntityOptions<S extends StandardSchemaV1, K> {
  /** The name of the DynamoDB table, as its change records have it. */
  readonly table: string
  /** The attribute that is the partition key, or `{ partition, sort }` of a table with both. */
  readonly key: K
  /**
   * Any Standard Schema (zod, valibot, arktype). Handlers see its output; the table holds its input. An asynchronous one costs
   * a promise per record, and with zod runs its refinements twice: zod tries without waiting first, and lets go of the promise
   * of that attempt. So a refinement must answer false rather than reject, or Node ends the process.
   */
  readonly schema: S
  /**
   * What marks this kind of item in a table shared by several: attributes and their values, `startsWith('ORDER#')` or a function
   * instead of a value, or a function of the row as it is in the table. Rows of other kinds are none of its business. A row that changes its
   * kind is `saved` of the new one and `changed` of neither.
   */
  readonly when?: When<StandardSchemaV1.InferInput<S>>
  /**
   * The numeric attribute that grows with each write of the item. Recommended: DynamoDB's own times can tie. It grows for as long as the
   * key is used: an item that is removed and made again must not begin anew, or searches and `stale: 'skip'` take it for older than what
   * was removed. Without a number that goes on, leave it out: then times decide.
   * @default the time of the change record
   */
  readonly version?: VersionOf<StandardSchemaV1.InferOutput<S>>
  /** Lifts a row of an older shape before it is parsed; not asynchronous. */
  readonly upgrade?: (raw: Row) => Row
  /**
   * What becomes of numbers. `double` gives numbers, and refuses the row for one that a double would round or write otherwise.
   * `lossless` gives a bigint for every integer, however small: `z.bigint()` fits it. A decimal is a number, or a string with all
   * digits if a double would change it (written back, that is a string attribute).
   * @default 'double'
   */
  readonly numbers?: 'double' | 'lossless'
}

/** A kind of DynamoDB item. `Item` is what the table holds, `T` what handlers see. */
export interface Entity<out T, out Item = T, out K = unknown> {
  readonly spec: EntitySpec
  readonly key: K
  /** Holds the types only; never set. */
  readonly $row?: T
  readonly $item?: Item
  /** A new item. @throws ConfigurationError without a name */
  created<const N extends string>(name: N): EventDef<Created<T, N>>
  /** A new or changed item. @throws ConfigurationError without a name */
  saved<const N extends string>(name: N): EventDef<Saved<T, N>>
  /**
   * A changed item; see the table of patterns in `pattern.ts`. Both images are narrowed by the pattern.
   *
   * @throws ConfigurationError without a name, or for a pattern that no change can match
   */
  changed<const N extends string, const P extends Pattern<T> = Record<never, never>>(
    name: N,
    pattern?: P & Pattern<T> & NoExcess<P, T>,
  ): EventDef<Changed<BeforeMatch<T, P>, AfterMatch<T, P>, N>>
  /**
   * A deleted item: by anyone, or only by users, by DynamoDB's time to live, or by replication (see {@link Actor}).
   *
   * @throws ConfigurationError without a name, or for another `by`
   */
  removed<const N extends string, const By extends Actor = Actor>(
    name: N,
    options?: {
      /** Who has deleted the item. @default anyone */
      readonly by?: By
    },
  ): EventDef<Removed<T, N, By>>
}

const attribute = required(text('the name of a key attribute'))
const isWhen = (given: unknown) => callable.fits(given) || record({}).fits(given)

export const ENTITY = {
  name: required(text('the name of the entity')),
  options: closed({
    table: required(text('the name of the DynamoDB table')),
    key: required(
      textOr('the name of the partition key attribute, or { partition, sort }', {
        partition: attribute,
        sort: attribute,
      }),
    ),
    schema: required(standardSchema),
    when: like(
      'attributes with their values, startsWith(...) or functions, or a function of the row',
      isWhen,
    ),
    version: text('the name of an attribute'),
    upgrade: callable,
    numbers: choice('double', 'lossless'),
  } satisfies ShapesOf<EntityOptions<StandardSchemaV1, unknown>>),
}

export const DEFINED = { name: required(text('the name of the event')) }

export const REMOVED = { options: closed({ by: choice(...ACTORS) }) }

/**
 * Declares a kind of DynamoDB item, from which the events of its changes are made.
 *
 * @throws ConfigurationError that lists every problem
 * @example
 * const Client = entity('client', { table: 'clients', key: 'id', schema: z.object({ id: z.string(), plan: z.string() }) })
 * const joined = Client.created('client.joined')
 * const upgraded = Client.changed('client.upgraded', { plan: { from: 'trial', to: 'paid' } })
 */
export function entity<
  S extends StandardSchemaV1,
  const K extends KeyNames<Extract<keyof StandardSchemaV1.InferInput<S>, string>>,
>(
  name: string,
  options: EntityOptions<S, K>,
): Entity<StandardSchemaV1.InferOutput<S>, StandardSchemaV1.InferInput<S>, K> {
  check(called('entity', name), ENTITY, { name, options }, () => {
    const { partition, sort } = Object(Object(options).key)
    return isText(sort) && partition === sort
      ? [`'key' has '${sort}' as 'partition' and as 'sort': expected two attributes`]
      : []
  })
  const { table, schema, when, version, upgrade, numbers } = options
  const key: unknown[] =
    typeof options.key === 'object' ? [options.key.partition, options.key.sort] : [options.key]
  const spec: EntitySpec = {
    name,
    table,
    key: key.filter(isText),
    schema,
    when,
    version: isText(version) ? version : undefined,
    upgrade: upgrade && ((raw) => answerOf(() => upgrade(raw), 'its upgrade')),
    numbers: numbers ?? 'double',
  }

  function define(event: string, on: ChangeKind[], exposes: Image[], rest: Partial<ChangeSpec> = {}) {
    check(`${called('event', event)} of entity '${name}'`, DEFINED, { name: event })
    return {
      name: event,
      spec: { kind: 'change', entity: spec, on, exposes, by: undefined, matches: undefined, ...rest },
    } as const
  }

  return {
    spec,
    key: options.key,
    created: (event) => define(event, ['INSERT'], ['after']),
    saved: (event) => define(event, ['INSERT', 'MODIFY', 'BACKFILL'], ['after']),
    changed: (event, pattern) => {
      if (pattern === undefined) return define(event, ['MODIFY'], ['before', 'after'])
      check(called('changed', event), PATTERN, { pattern }, () => patternProblems(pattern))
      const matches = matcher(pattern, event)
      return define(event, ['MODIFY'], ['before', 'after'], {
        matches: (before, after) => before !== undefined && after !== undefined && matches(before, after),
        pattern,
      })
    },
    removed: (event, options) => {
      check(called('removed', event), REMOVED, { options })
      return define(event, ['REMOVE'], ['before'], { by: options?.by })
    },
  }
}
