/** CloudEvents 1.0, JSON format: what services publish. https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md */

export interface CloudEvent {
  readonly id: string
  readonly source: string
  readonly type: string
  readonly time: Date | undefined
  readonly data: unknown
}

/** The CloudEvent in a parsed JSON value, or undefined if that is something else. */
export function cloudEventOf(json: Readonly<Record<string, unknown>>): CloudEvent | undefined {
  const { specversion, id, source, type, time, data } = json
  if (specversion !== '1.0' || !isName(id) || !isName(source) || !isName(type)) return undefined
  const at = typeof time === 'string' ? new Date(time) : undefined
  return { id, source, type, time: at !== undefined && Number.isNaN(at.getTime()) ? undefined : at, data }
}

/** Not empty, as the specification demands: two events without an id must not pass for one. */
function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

export function encodeCloudEvent(event: {
  readonly id: string
  readonly source: string
  readonly type: string
  readonly time: Date
  readonly data: unknown
}): Uint8Array {
  const { id, source, type, time, data } = event
  return new TextEncoder().encode(
    JSON.stringify({
      specversion: '1.0',
      id,
      source,
      type,
      time: time.toISOString(),
      datacontenttype: 'application/json',
      data,
    }),
  )
}
