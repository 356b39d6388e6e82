/**
 * A fact that a service published, as a CloudEvent 1.0.
 *
 * ```
 * CloudEvent ── wants of its type ── payload parsed ── key ──┬─> event, in the lane of its key
 *                                                            └─> a dead letter: schema
 * ```
 */

import type { EventMeta, Origin, PublishedSpec } from '../declare/event.ts'
import { describeIssues, validate } from '../declare/schema.ts'
import { type Content, refusedShare, type Share } from '../engine/content.ts'
import type { Kind, Reader, Why } from '../engine/kind.ts'
import type { Want } from '../engine/plan.ts'
import { codeOf, SpaceshipError } from '../errors.ts'
import type { DeadLetter } from '../ports/index.ts'
import { type CloudEvent, cloudEventOf } from '../wire/cloudevent.ts'
import { formatPosition, type UserRecord } from '../wire/index.ts'

/**
 * Where a key's events of all names stand in one lane: a route that takes several is promised their order, and they are on one shard by
 * that key. No table has a name with a space.
 */
const LANES = 'published events'

export const publishedRecogniser: Pick<Reader<CloudEvent>, 'recognise' | 'describe'> = {
  recognise: (json, bytes) => cloudEventOf(json, bytes),
  describe: ({ type }) => `the record is a published '${type}'`,
}

export const published: Kind = {
  name: 'published',
  spec: 'published',
  reader: ({ wants }) => {
    const byType = new Map<string, Want<PublishedSpec>[]>()
    for (const want of wants)
      if (isOfPublished(want)) byType.set(want.name, [...(byType.get(want.name) ?? []), want])
    const reader: Reader<CloudEvent> = {
      ...publishedRecogniser,
      shares: (item, record, { stream, shard }, why) => {
        const origin = { stream, shard, position: formatPosition(record) }
        const shares = (byType.get(item.type) ?? []).map((want) => shareOf(item, want, record, origin, why))
        return isKnown(shares) ? shares : Promise.all(shares)
      },
    }
    return reader
  },
}

function shareOf(
  item: CloudEvent,
  want: Want<PublishedSpec>,
  record: UserRecord,
  origin: Origin,
  why: Why | undefined,
): Share | Promise<Share> {
  const { plan, name, spec } = want
  if (item.problem !== undefined) return refused(item.problem, 'the payload of')
  try {
    const result = validate(spec.schema, item.data)
    return result instanceof Promise ? result.then(settle).catch(broken) : settle(result)
  } catch (error) {
    return broken(error)
  }

  function settle(result: Awaited<ReturnType<typeof validate>>): Share {
    if (result.issues) return refused(describeIssues(result.issues, item.data))
    const key = spec.keyOf(result.value)
    const at = item.time ?? record.arrivedAt
    const micros = at.getTime() * 1_000
    why?.(want, true, () => 'it matches')
    const event = {
      name,
      id: identityOf(item),
      at,
      version: { min: micros, max: micros + 999, clock: item.source },
      key,
      source: origin,
      by: 'user' as const,
      payload: result.value,
      ...(item.trace && { trace: item.trace }),
    }
    return { plan, lane: `${LANES}/${key}`, content: publishedContent(event, item) }
  }
  function broken(error: unknown): Share {
    const own = codeOf(error) === 'schema' && error instanceof SpaceshipError
    return refused(own ? error.message : 'its schema or key function threw')
  }
  function refused(reason: string, what = "'data' of"): Share {
    const detail = `${what} ${name}: ${reason}`
    why?.(want, true, () => `it becomes a dead letter: ${detail}`)
    return refusedShare(plan, 'schema', detail, {
      named: { identity: () => identityOf(item), fingerprint: () => fingerprintOf(item) },
    })
  }
}

/** As CloudEvents says: source and id tell an event from all others. */
function identityOf({ source, id }: CloudEvent): string {
  return `${source}#${id}`
}

/** Of all that a producer said: one that gives an id twice must not cost the second event its letter. */
function fingerprintOf({ type, source, id, data }: CloudEvent): string {
  return JSON.stringify([type, source, id, data ?? null])
}

function publishedContent(event: EventMeta, item: CloudEvent, letter?: DeadLetter): Content {
  return {
    event,
    letter,
    identity: () => event.id,
    fingerprint: () => fingerprintOf(item),
    // The event was made for this attempt alone.
    readAgain: (again, redriven) => publishedContent(Object.assign(event, { redriven }), item, again),
  }
}

function isKnown(shares: readonly (Share | Promise<Share>)[]): shares is readonly Share[] {
  return !shares.some((share) => share instanceof Promise)
}

function isOfPublished(want: Want): want is Want<PublishedSpec> {
  return want.spec.kind === 'published'
}
