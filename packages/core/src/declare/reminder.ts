import type { StandardSchemaV1 } from '@standard-schema/spec'
import { callable, called, check, closed, isText, like, required, standardSchema } from '../shapes.ts'
import { answerOf, keyOf } from './answers.ts'
import type { Entity, KeyValue } from './entity.ts'
import type { Due, EventDef, ReminderSpec, Row } from './event.ts'

/** Something to be done later for a key, unless it is cancelled or no longer true when it is due. */
export interface Reminder<Payload, Input = Payload, N extends string = string>
  extends EventDef<Due<Payload, N>> {
  readonly name: N
  readonly spec: ReminderSpec
  /** Holds the type only; never set. */
  readonly $input?: Input
  /**
   * A last look before it fires: the row is read strongly when the reminder is handled, and the reminder is skipped if
   * `when` holds for it or the row is gone.
   *
   * @throws ConfigurationError that lists every problem
   */
  unless<T, Item, const K>(
    entity: Entity<T, Item, K>,
    key: (payload: Payload) => KeyValue<Item, K>,
    when: (row: T) => boolean,
  ): Reminder<Payload, Input, N>
}

export const REMINDER = {
  name: required(
    like(
      "a name of at most 100 characters without '/', since it becomes part of keys",
      (name) => isText(name) && name.length <= 100 && !name.includes('/'),
    ),
  ),
  options: closed({ payload: required(standardSchema), key: required(callable) }),
}

/** An entity as an argument. */
export const TABLED = required(
  like('what entity() made', (entity) => Array.isArray(Object(entity).spec?.key)),
)

export const UNLESS = { entity: TABLED, key: required(callable), when: required(callable) }

/**
 * Declares a reminder. At most one is pending for a key; scheduling again replaces it.
 *
 * @throws ConfigurationError that lists every problem
 * @example
 * const tutorial = reminder('tutorial', {
 *   payload: z.object({ clientId: z.string() }),
 *   key: (p) => p.clientId,
 * }).unless(Client, (p) => p.clientId, (c) => c.tutorialStartedAt !== undefined)
 */
export function reminder<const N extends string, S extends StandardSchemaV1>(
  name: N,
  options: { readonly payload: S; readonly key: (payload: StandardSchemaV1.InferOutput<S>) => string },
): Reminder<StandardSchemaV1.InferOutput<S>, StandardSchemaV1.InferInput<S>, N> {
  check(called('reminder', name), REMINDER, { name, options })
  const { payload, key } = options
  const what = `the key function of reminder '${name}'`
  return make(name, {
    kind: 'reminder',
    schema: payload,
    // The engine passes a payload that `payload` has parsed.
    keyOf: (given) => keyOf(() => key(given as StandardSchemaV1.InferOutput<S>), what),
    unless: undefined,
  })
}

function make<Payload, Input, N extends string>(name: N, spec: ReminderSpec): Reminder<Payload, Input, N> {
  return {
    name,
    spec,
    unless: (entity, key, when) => {
      check(`unless of reminder '${name}'`, UNLESS, { entity, key, when })
      const names = entity.spec.key
      const [only] = names
      const what = `of unless of '${name}'`
      return make(name, {
        ...spec,
        unless: {
          entity: entity.spec,
          // The engine passes a payload that `schema` has parsed, so it is a Payload; likewise the row is a T.
          keyOf: (payload) => {
            const value = answerOf(() => key(payload as Payload), `the key function ${what}`)
            return names.length === 1 && only !== undefined ? { [only]: value } : (value as Row)
          },
          when: (row) => answerOf(() => when(row as Parameters<typeof when>[0]), `the predicate ${what}`),
        },
      })
    },
  }
}
