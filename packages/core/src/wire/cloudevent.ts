/**
 * CloudEvents 1.0, JSON format: what services publish. https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
 *
 * | the event has                                  | its payload                                                     |
 * |------------------------------------------------|-----------------------------------------------------------------|
 * | `data`                                         | as it is                                                        |
 * | `data_base64`, and JSON by its content type    | what the bytes say                                              |
 * | `data_base64` of any other, or of no, type     | the bytes, as a Uint8Array                                      |
 * | neither                                        | undefined                                                       |
 * | both; no base64; bytes that are not the JSON   | a problem, which refuses it                                     |
 * | an integer that JavaScript would change        | likewise                                                        |
 */

import type { TraceContext } from '../ports/event-sink.ts'
import { bytesOf } from './attributes.ts'
import { exactJson } from './exact.ts'
import { parse } from './json.ts'
import { roundedIn } from './rounded.ts'

export interface CloudEvent {
  readonly id: string
  readonly source: string
  readonly type: string
  readonly time: Date | undefined
  readonly data: unknown
  readonly trace: TraceContext | undefined
  /** Why there is no payload that could be read. */
  readonly problem?: string
}

/**
 * The CloudEvent in a parsed JSON value, or undefined if that is something else.
 *
 * @param bytes what was parsed
 */
export function cloudEventOf(
  json: Readonly<Record<string, unknown>>,
  bytes: Uint8Array,
): CloudEvent | undefined {
  const { specversion, id, source, type, time } = json
  if (specversion !== '1.0' || !isName(id) || !isName(source) || !isName(type)) return undefined
  const at = typeof time === 'string' ? new Date(time) : undefined
  const moment = at !== undefined && Number.isNaN(at.getTime()) ? undefined : at
  return { id, source, type, time: moment, trace: traceIn(json), ...payloadOf(json, bytes) }
}

const TRACEPARENT = /^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}$/
const TRACESTATE = /^[ -~]{1,512}$/

/** What of a value is a trace. Anything else is no reason to refuse an event. */
function traceIn(value: unknown): TraceContext | undefined {
  const { traceparent, tracestate } = Object(value)
  if (typeof traceparent !== 'string' || !TRACEPARENT.test(traceparent)) return undefined
  return typeof tracestate === 'string' && TRACESTATE.test(tracestate)
    ? { traceparent, tracestate }
    : { traceparent }
}

/** Of `application/json`, `text/json` and all that end in `+json`, whatever parameters follow. */
const JSON_TYPE = /^[^;]*[/+]json\s*(?:;|$)/i

type Payload = Pick<CloudEvent, 'data' | 'problem'>

function payloadOf(
  { data, data_base64: base64, datacontenttype: contentType }: Readonly<Record<string, unknown>>,
  json: Uint8Array,
): Payload {
  if (base64 === undefined || base64 === null) return unrounded(data, json)
  if (data !== undefined)
    return { data: undefined, problem: "it has 'data' and 'data_base64': expected one of them" }
  const bytes = typeof base64 === 'string' ? bytesOf(base64) : undefined
  if (bytes === undefined) return { data: undefined, problem: "'data_base64' is no base64" }
  if (typeof contentType !== 'string' || !JSON_TYPE.test(contentType)) return { data: bytes }
  try {
    // Named as the member that it is.
    const text = Buffer.from(bytes).toString()
    const problem = roundedIn(`{"data_base64":${text}}`, 'data_base64')
    return problem === undefined ? { data: parse(bytes) } : { data: undefined, problem }
  } catch {
    return { data: undefined, problem: "'data_base64' holds no JSON, which its 'datacontenttype' promises" }
  }
}

function unrounded(data: unknown, json: Uint8Array): Payload {
  // A text or an object without numbers costs the look at its bytes.
  const problem = roundedIn(Buffer.from(json.buffer, json.byteOffset, json.byteLength).toString(), 'data')
  return problem === undefined ? { data } : { data: undefined, problem }
}

/** Not empty, as the specification demands: two events without an id must not pass for one. */
function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

/**
 * @param names what messages may show of the payload
 * @throws Permanent for a payload that JSON does not carry, with the path of what is wrong
 */
export function encodeCloudEvent(
  event: {
    readonly id: string
    readonly source: string
    readonly type: string
    readonly time: Date
    readonly data: unknown
    readonly trace?: TraceContext | undefined
  },
  names?: () => ReadonlySet<string>,
): Uint8Array {
  const { id, source, type, time, data, trace } = event
  const envelope = {
    specversion: '1.0',
    id,
    source,
    type,
    time: time.toISOString(),
    datacontenttype: 'application/json',
    ...traceIn(trace),
  }
  const how = names === undefined ? { digits: true } : { digits: true, names }
  return new TextEncoder().encode(exactJson({ ...envelope, data }, `the published '${type}'`, how))
}
