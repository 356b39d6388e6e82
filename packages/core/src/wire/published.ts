import { declaredNames } from '../declare/names.ts'
import type { PublishedEvent } from '../declare/published.ts'
import { fitted } from '../declare/schema.ts'
import type { OutgoingRecord, TraceContext } from '../ports/event-sink.ts'
import { bare, called, check, date, isText, like, required, text } from '../shapes.ts'
import { encodeCloudEvent } from './cloudevent.ts'

export const PUBLISHED = {
  event: required(like('what event() made', (event) => Object(Object(event).spec).kind === 'published')),
  about: bare({
    id: required(
      like('an id, which tells a repeat from another event', (id) => isText(id) || typeof id === 'function'),
    ),
    source: required(text('the name of the publishing service')),
    time: required(date),
  }),
}

/**
 * A published event as the record that goes on the stream: checked against its schema, in its lane.
 *
 * @throws SpaceshipError `schema` if the payload does not fit, Permanent for what JSON does not carry (a Set, bytes, a Date, a bigint, an
 *   integer that JavaScript writes with other digits than it has, as 2^60),
 *   ConfigurationError for what is no event, or an empty id or source
 */
export async function encodePublished<Payload, Input, N extends string>(
  event: PublishedEvent<Payload, Input, N>,
  payload: Input,
  about: {
    /** A text, or what makes one of the record's partition key. */
    readonly id: string | ((partitionKey: string) => string)
    readonly source: string
    readonly time: Date
    readonly trace?: TraceContext | undefined
  },
): Promise<OutgoingRecord> {
  check(called('event', event?.name), PUBLISHED, { event, about })
  const { schema, keyOf } = event.spec
  const fit = await fitted(schema, payload, `the payload of '${event.name}'`)
  const partitionKey = keyOf(fit) || event.name
  const id = typeof about.id === 'string' ? about.id : about.id(partitionKey)
  // The record holds what the publisher gave; a consumer parses it again, transformations included.
  return {
    partitionKey,
    // As CloudEvents says: source and id tell an event from all others.
    id: `${about.source}#${id}`,
    data: encodeCloudEvent({ ...about, id, type: event.name, data: payload }, () => declaredNames(schema)),
  }
}
