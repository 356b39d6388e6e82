/** The two encodings that Slack takes: JSON, and forms whose nested values are JSON text. */

import { parsed } from '../http/index.ts'

export interface SlackRequest {
  readonly method?: string
  readonly query?: URLSearchParams
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: Buffer
}

/** The arguments of a request, or the error that Slack names for a body that it cannot read. */
export type Parsed = { readonly fields: Readonly<Record<string, unknown>> } | { readonly error: string }

/** The arguments of a Web API call: its body, or its query if it is a GET. */
export function apiArguments({ method, query, headers, body }: SlackRequest): Parsed {
  if (method === 'GET') return formArguments(query ?? new URLSearchParams())
  const type = String(headers['content-type'] ?? '')
  if (body.length === 0) return { fields: {} }
  if (type.startsWith('application/json'))
    return jsonObject(body.toString('utf8'), 'invalid_json', 'json_not_object')
  if (!type.startsWith('application/x-www-form-urlencoded')) return { error: 'invalid_post_type' }
  return formArguments(new URLSearchParams(body.toString('utf8')))
}

function formArguments(form: URLSearchParams): Parsed {
  const fields: Record<string, unknown> = {}
  for (const [name, value] of form) {
    if (name !== 'blocks' && name !== 'attachments' && name !== 'metadata') fields[name] = value
    else {
      try {
        fields[name] = parsed(value)
      } catch {
        return { error: name === 'metadata' ? 'invalid_metadata_format' : `invalid_${name}` }
      }
    }
  }
  return { fields }
}

/** The body of a webhook post: JSON whatever the content type says, or a form with a `payload`. */
export function webhookPayload({ headers, body }: SlackRequest): Parsed {
  const text = body.toString('utf8')
  const isForm = String(headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded')
  const json = isForm ? (new URLSearchParams(text).get('payload') ?? '') : text
  return jsonObject(json, 'invalid_payload', 'invalid_payload')
}

/** The token of a call, from the header or the `token` argument. */
export function tokenOf(
  { headers }: SlackRequest,
  fields: Readonly<Record<string, unknown>>,
): string | undefined {
  const [, bearer] = /^Bearer (\S+)$/i.exec(String(headers.authorization ?? '')) ?? []
  return bearer ?? (typeof fields.token === 'string' && fields.token !== '' ? fields.token : undefined)
}

function jsonObject(text: string, broken: string, notObject: string): Parsed {
  try {
    const value = parsed(text)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return { error: notObject }
    return { fields: { ...value } }
  } catch {
    return { error: broken }
  }
}
