import { isName, optionsOf } from '../configuration.ts'
import type { PublishedEvent } from '../declare/published.ts'
import { fitted } from '../declare/schema.ts'
import { refuse } from '../errors.ts'
import type { OutgoingRecord } from '../ports/event-sink.ts'
import { encodeCloudEvent } from './cloudevent.ts'

/**
 * A published event as the record that goes on the stream: checked against its schema, in its lane.
 *
 * @throws SpaceshipError `schema` if the payload does not fit, ConfigurationError for what is no event, or an empty id or source
 */
export async function encodePublished<Payload, Input, N extends string>(
  event: PublishedEvent<Payload, Input, N>,
  payload: Input,
  about: { readonly id: string; readonly source: string; readonly time: Date },
): Promise<OutgoingRecord> {
  const problems: string[] = []
  const { id, source, time } = optionsOf(about, problems)
  refuse(`event '${event?.name}'`, [
    ...problems,
    ...(event?.spec?.kind === 'published' ? [] : ['give what event() made']),
    ...(isName(id) ? [] : ["'id' is empty: it tells a repeat from another event"]),
    ...(isName(source) ? [] : ["'source' is empty: name the publishing service"]),
    ...(time instanceof Date ? [] : ["'time' must be a Date"]),
  ])
  const fit = await fitted(event.spec.schema, payload, `the payload of '${event.name}'`)
  // The record holds what the publisher gave; a consumer parses it again, transformations included.
  return {
    partitionKey: event.spec.keyOf(fit) || event.name,
    data: encodeCloudEvent({ ...about, type: event.name, data: payload }),
  }
}
