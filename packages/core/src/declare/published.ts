import type { StandardSchemaV1 } from '@standard-schema/spec'
import { callable, called, check, closed, required, standardSchema, text } from '../shapes.ts'
import { keyOf } from './answers.ts'
import type { EventDef, Published, PublishedSpec } from './event.ts'

/** A typed fact that services publish. `Input` is what a publisher gives, `Payload` what handlers see. */
export interface PublishedEvent<out Payload, Input = Payload, N extends string = string>
  extends EventDef<Published<Payload, N>> {
  readonly name: N
  readonly spec: PublishedSpec
  /** Holds the type only; never set. */
  readonly $input?: Input
}

export const EVENT = {
  name: required(text('the name of the event')),
  options: closed({ schema: required(standardSchema), key: required(callable) }),
}

/**
 * Declares an event that services publish straight to a stream, as CloudEvents 1.0 JSON.
 *
 * @throws ConfigurationError that lists every problem
 * @example
 * const invoicePaid = event('invoice.paid', {
 *   schema: z.object({ clientId: z.string(), amount: z.number() }),
 *   key: (e) => e.clientId, // its lane: events of one key are handled in order, whatever their names
 * })
 */
export function event<const N extends string, S extends StandardSchemaV1>(
  name: N,
  options: { readonly schema: S; readonly key: (payload: StandardSchemaV1.InferOutput<S>) => string },
): PublishedEvent<StandardSchemaV1.InferOutput<S>, StandardSchemaV1.InferInput<S>, N> {
  check(called('event', name), EVENT, { name, options })
  const { schema, key } = options
  const what = `the key function of event '${name}'`
  return {
    name,
    spec: {
      kind: 'published',
      schema,
      // The engine passes a payload that `schema` has parsed.
      keyOf: (payload) => keyOf(() => key(payload as StandardSchemaV1.InferOutput<S>), what),
    },
  }
}
