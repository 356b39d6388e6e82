/**
 * Owns the step from a record to the work it causes: which routes want it, and the event that each of them gets. Runs no
 * handler and writes nothing.
 *
 * ```
 * record ── read ──┬─ unreadable ──────────────────────────────> dead letter (for no route)
 *                  ├─ change ──── wants of its table ─ images ─┬─> work: event
 *                  ├─ published ─ wants of its type ── payload ┤
 *                  └─ envelope ── wants of its reminder ───────┼─> work: looked up when it runs
 *                                                              ├─> dead letter (schema, for one route)
 *                                                              └─> nothing: no route wants it
 * ```
 */

import type {
  ChangeKind,
  ChangeSpec,
  EventMeta,
  Origin,
  PublishedSpec,
  ReminderSpec,
} from '../domain/event.ts'
import { describeIssues, validate } from '../domain/schema.ts'
import { SpaceshipError } from '../errors.ts'
import type { DeadReason } from '../ports/index.ts'
import type { Change, CloudEvent, ReminderEnvelope, StreamRecord } from '../wire/index.ts'
import { formatPosition, read } from '../wire/index.ts'
import { changeEvent, type Rows } from './event.ts'
import { type Images, imagesOf } from './images.ts'
import type { Plans, RoutePlan, Want } from './plan.ts'

/** What an attempt hands to a handler: known at once, or found in the store when it is the reminder's turn. */
export type Subject =
  | { readonly kind: 'event'; readonly event: EventMeta }
  | {
      readonly kind: 'reminder'
      readonly want: Want<ReminderSpec>
      readonly envelope: ReminderEnvelope
      readonly origin: Origin
    }

/** One route's share of a record. */
export type Work =
  | {
      readonly kind: 'run'
      readonly plan: RoutePlan
      readonly lane: string
      readonly identity: () => string
      readonly subject: Subject
    }
  | {
      readonly kind: 'dead'
      readonly plan: RoutePlan | undefined
      readonly reason: DeadReason
      readonly detail: string
    }

export interface Place {
  readonly application: string
  readonly stream: string
  readonly shard: string
}

/** The work that a record causes; a promise only if a schema is asynchronous. */
export function match(
  record: StreamRecord,
  place: Place,
  plans: Plans,
): readonly Work[] | Promise<readonly Work[]> {
  const incoming = read(record.data, (table, kind) => isWanted(plans, table, kind))
  const origin: Origin = { stream: place.stream, shard: place.shard, position: formatPosition(record) }
  switch (incoming.kind) {
    case 'unwanted':
      return []
    case 'unreadable':
      return [{ kind: 'dead', plan: undefined, reason: incoming.reason, detail: incoming.detail }]
    case 'change':
      return matchChange(incoming.change, plans.changes.get(incoming.change.table) ?? [], origin)
    case 'published':
      return matchPublished(incoming.event, plans.published.get(incoming.event.type) ?? [], record, origin)
    case 'envelope':
      return matchEnvelope(incoming.envelope, place.application, plans, origin)
  }
}

function isWanted(plans: Plans, table: string, kind: ChangeKind): boolean {
  return plans.changes.get(table)?.some(({ spec }) => spec.on.includes(kind)) ?? false
}

function matchChange(
  change: Change,
  wants: readonly Want<ChangeSpec>[],
  origin: Origin,
): readonly Work[] | Promise<readonly Work[]> {
  // Rows of another kind in a shared table are not parsed.
  const candidates = wants.filter(
    ({ spec }) =>
      spec.on.includes(change.kind) &&
      (spec.by === undefined || spec.by === change.by) &&
      ofKind(change, spec),
  )
  if (candidates.length === 0) return []
  const images = imagesOf(change)
  // Only asynchronous schemas leave a promise to wait for.
  const pending = candidates
    .flatMap(({ spec }) => spec.exposes.map((image) => images.request(spec.entity, image)))
    .filter((result) => result instanceof Promise)
  const decide = () => decideChange(change, candidates, images, origin)
  return pending.length === 0 ? decide() : Promise.all(pending).then(decide)
}

function decideChange(
  change: Change,
  candidates: readonly Want<ChangeSpec>[],
  images: Images,
  origin: Origin,
): Work[] {
  const works = new Map<string, Work>()
  for (const { plan, name, spec } of candidates) {
    if (works.get(plan.key)?.kind === 'run') continue
    try {
      const rows: Rows = {}
      for (const image of spec.exposes) rows[image] = images.read(spec.entity, image)
      if (spec.matches !== undefined && !spec.matches(rows.before, rows.after)) continue
      const event = changeEvent(name, change, spec, rows, images, origin)
      works.set(plan.key, {
        kind: 'run',
        plan,
        lane: `${spec.entity.table}/${event.key}`,
        identity: () => event.id,
        subject: { kind: 'event', event },
      })
    } catch (error) {
      const detail = error instanceof SpaceshipError ? error.message : `the pattern of '${name}' threw`
      works.set(plan.key, { kind: 'dead', plan, reason: 'schema', detail })
    }
  }
  return [...works.values()]
}

/** Whether the item is of the entity's kind, in a table shared by several. In doubt it is: parsing then says what is wrong. */
function ofKind(change: Change, { entity }: ChangeSpec): boolean {
  if (entity.when === undefined) return true
  try {
    const raw = change.image(change.kind === 'REMOVE' ? 'before' : 'after', entity.numbers)
    return (
      raw === undefined || Object.entries(entity.when).every(([attribute, value]) => raw[attribute] === value)
    )
  } catch {
    return true
  }
}

function matchPublished(
  event: CloudEvent,
  wants: readonly Want<PublishedSpec>[],
  record: StreamRecord,
  origin: Origin,
): readonly Work[] | Promise<readonly Work[]> {
  const at = event.time ?? record.arrivedAt
  const micros = at.getTime() * 1_000
  const works = wants.map(({ plan, name, spec }): Work | Promise<Work> => {
    try {
      const result = validate(spec.schema, event.data)
      return result instanceof Promise ? result.then(settle).catch(broken) : settle(result)
    } catch {
      return broken()
    }

    function dead(why: string): Work {
      return { kind: 'dead', plan, reason: 'schema', detail: `'data' of ${name}: ${why}` }
    }
    function broken(): Work {
      return dead('its schema or key function threw')
    }
    function settle(result: Awaited<ReturnType<typeof validate>>): Work {
      if (result.issues) return dead(describeIssues(result.issues))
      const key = spec.keyOf(result.value)
      const id = `${event.source}#${event.id}`
      const made = {
        name,
        id,
        at,
        version: { min: micros, max: micros + 999 },
        key,
        source: origin,
        by: 'user' as const,
        payload: result.value,
      }
      return {
        kind: 'run',
        plan,
        lane: `${name}/${key}`,
        identity: () => id,
        subject: { kind: 'event', event: made },
      }
    }
  })
  return works.some((work) => work instanceof Promise) ? Promise.all(works) : (works as Work[]) // no promise among them
}

function matchEnvelope(
  envelope: ReminderEnvelope,
  application: string,
  plans: Plans,
  origin: Origin,
): readonly Work[] {
  if (envelope.application !== application) return []
  const wants = plans.reminders.get(envelope.reminder) ?? []
  if (wants.length === 0) {
    return [
      {
        kind: 'dead',
        plan: undefined,
        reason: 'no-route',
        detail: `no route handles the reminder '${envelope.reminder}'`,
      },
    ]
  }
  const identity = () => `reminder/${envelope.reminder}/${envelope.key}/${envelope.generation}`
  return wants.map((want) => ({
    kind: 'run',
    plan: want.plan,
    lane: `${envelope.reminder}/${envelope.key}`,
    identity,
    subject: { kind: 'reminder', want, envelope, origin },
  }))
}
