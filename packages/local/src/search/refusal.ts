import { SpaceshipError } from '@spaceship/core'

/** A request that OpenSearch would answer with an error, or one that only the embedded search refuses. */
export class Refusal extends SpaceshipError {
  readonly status: number
  /** `type`, `reason` and what else OpenSearch says about the error. */
  readonly details: Readonly<Record<string, unknown>>
  readonly rootCause: Readonly<Record<string, unknown>>

  constructor(
    status: number,
    type: string,
    reason: string,
    extra: { readonly [name: string]: unknown; readonly rootCause?: Readonly<Record<string, unknown>> } = {},
  ) {
    super(`search-${type}`, reason)
    const { rootCause, caused_by, ...rest } = extra
    const details = { type, reason, ...rest }
    this.status = status
    this.details = caused_by === undefined ? details : { ...details, caused_by }
    this.rootCause = rootCause ?? details
  }
}

export function errorBody({ status, details, rootCause }: Refusal): unknown {
  return { error: { root_cause: [rootCause], ...details }, status }
}

/** What a real OpenSearch may well do and this one does not: said aloud, never ignored. */
export function unsupported(what: string): Refusal {
  return new Refusal(400, 'illegal_argument_exception', `the embedded search does not support ${what}`)
}

export function illegalArgument(reason: string): Refusal {
  return new Refusal(400, 'illegal_argument_exception', reason)
}

export function invalidRequest(problems: readonly string[]): Refusal {
  const list = problems.map((problem, index) => `${index + 1}: ${problem};`).join('')
  return new Refusal(400, 'action_request_validation_exception', `Validation Failed: ${list}`)
}

/** An error that the shards of an index find while they search. */
export function shardRefusal(index: { name: string; uuid: string }, type: string, reason: string): Refusal {
  const rootCause = { type, reason, index: index.name, index_uuid: index.uuid }
  return new Refusal(400, 'search_phase_execution_exception', 'all shards failed', {
    phase: 'query',
    grouped: true,
    failed_shards: [{ shard: 0, index: index.name, node: 'embedded', reason: rootCause }],
    caused_by: rootCause,
    rootCause,
  })
}

export function indexNotFound(name: string): Refusal {
  return new Refusal(404, 'index_not_found_exception', `no such index [${name}]`, {
    index: name,
    'resource.id': name,
    'resource.type': 'index_or_alias',
    index_uuid: '_na_',
  })
}
