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

import type { ChangeSpec, EventMeta, Origin, PublishedSpec, ReminderSpec } from '../../domain/event.ts'
import { describeIssues, validate } from '../../domain/schema.ts'
import { SpaceshipError } from '../../errors.ts'
import type { DeadLetter, DeadReason } from '../../ports/index.ts'
import type {
  Change,
  CloudEvent,
  DrainEnvelope,
  Envelope,
  RedriveEnvelope,
  ReminderEnvelope,
  StreamRecord,
  UserRecord,
} from '../../wire/index.ts'
import { formatPosition, read } from '../../wire/index.ts'
import type { Ticked } from '../attempt/index.ts'
import type { Settings } from '../configuration.ts'
import { type Plans, type RoutePlan, unrouted, type Want } from '../plan.ts'
import { changeEvent, type Rows } from './event.ts'
import { type Images, imagesOf } from './images.ts'

/** What a route's task is about: known at once, or found in the store when it is its turn. */
export type Subject =
  | { readonly kind: 'event'; readonly event: EventMeta; readonly letter?: DeadLetter }
  | {
      readonly kind: 'reminder'
      readonly want: Want<ReminderSpec>
      readonly envelope: ReminderEnvelope
      readonly origin: Origin
      readonly letter?: DeadLetter
    }
  | ({ readonly kind: 'tick'; readonly letter?: DeadLetter } & Ticked)
  | { readonly kind: 'redrive'; readonly envelope: RedriveEnvelope }
  | { readonly kind: 'drain'; readonly envelope: DrainEnvelope }
  /** No handler can be given it. */
  | {
      readonly kind: 'dead'
      readonly reason: DeadReason
      readonly detail: string
      readonly letter?: DeadLetter
    }

/** One route's share of a record. */
export interface Work {
  readonly plan: RoutePlan
  readonly lane: string
  readonly subject: Subject
}

export interface Place {
  readonly application: string
  readonly stream: string
  readonly shard: string
}

/** The work that a record causes; a promise only if a schema is asynchronous. */
export function match(
  record: UserRecord,
  place: Place,
  { plans, maxRecordBytes: limit }: Pick<Settings, 'plans' | 'maxRecordBytes'>,
): readonly Work[] | Promise<readonly Work[]> {
  if (record.damaged) return [dead(unrouted, 'damaged', 'the rest of an aggregate that cannot be read')]
  if (record.outOfRange)
    return [dead(unrouted, 'out-of-range', 'its hash key belongs to another shard than its aggregate')]
  if (record.data.length > limit)
    return [dead(unrouted, 'too-large', `${record.data.length} bytes, more than 'maxRecordBytes'`)]
  const incoming = read(record.data, plans.wanted)
  if (incoming.kind === 'unwanted') return []
  const origin: Origin = { stream: place.stream, shard: place.shard, position: formatPosition(record) }
  switch (incoming.kind) {
    case 'unreadable':
      return [dead(unrouted, incoming.reason, incoming.detail)]
    case 'change':
      return matchChange(incoming.change, plans.changes.get(incoming.change.table) ?? [], origin)
    case 'published':
      return matchPublished(incoming.event, plans.published.get(incoming.event.type) ?? [], record, origin)
    case 'envelope':
      return matchEnvelope(incoming.envelope, place.application, plans, origin)
  }
}

function matchChange(
  change: Change,
  wants: readonly Want<ChangeSpec>[],
  origin: Origin,
): readonly Work[] | Promise<readonly Work[]> {
  const images = imagesOf(change)
  const candidates: Want<ChangeSpec>[] = []
  // Only asynchronous schemas leave promises to wait for.
  let pending: Promise<unknown>[] | undefined
  for (const want of wants) {
    const { spec } = want
    if (!isCandidate(change, spec)) continue
    candidates.push(want)
    for (const image of spec.exposes) {
      const requested = images.request(spec.entity, image)
      if (requested instanceof Promise) pending = [...(pending ?? []), requested]
    }
  }
  if (pending === undefined) return decideChange(change, candidates, images, origin)
  return Promise.all(pending).then(() => decideChange(change, candidates, images, origin))
}

/** Rows of another kind in a shared table are not parsed. */
function isCandidate(change: Change, spec: ChangeSpec): boolean {
  return (
    spec.on.includes(change.kind) && (spec.by === undefined || spec.by === change.by) && ofKind(change, spec)
  )
}

function decideChange(
  change: Change,
  candidates: readonly Want<ChangeSpec>[],
  images: Images,
  origin: Origin,
): Work[] {
  const works: Work[] = []
  for (const { plan, name, spec } of candidates) {
    // The wants of a route stand together: its first event that matches decides, else its last refusal.
    const known = works.at(-1)
    const again = known?.plan === plan
    if (again && known.subject.kind === 'event') continue
    let lane = ''
    try {
      const key = change.keyText(spec.entity.key)
      lane = `${spec.entity.table}/${key}`
      const rows: Rows = {}
      for (const image of spec.exposes) rows[image] = images.read(spec.entity, image)
      if (spec.matches !== undefined && !spec.matches(rows.before, rows.after)) continue
      const event = changeEvent(name, change, spec, key, rows, images, origin)
      if (again) works.pop()
      works.push({ plan, lane, subject: { kind: 'event', event } })
    } catch (error) {
      const detail = error instanceof SpaceshipError ? error.message : `the pattern of '${name}' threw`
      if (again) works.pop()
      works.push({ ...dead(plan, 'schema', detail), lane })
    }
  }
  return works
}

/**
 * Whether the item is of the entity's kind, in a table shared by several; a row that has changed its kind is no `changed` of either.
 * In doubt it is: parsing then says what is wrong.
 */
function ofKind(change: Change, { entity, exposes }: ChangeSpec): boolean {
  const { when, numbers } = entity
  if (when === undefined) return true
  try {
    return exposes.every((name) => {
      const raw = change.image(name, numbers)
      return raw === undefined || Object.entries(when).every(([attribute, value]) => raw[attribute] === value)
    })
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

    function refused(why: string): Work {
      return dead(plan, 'schema', `'data' of ${name}: ${why}`)
    }
    function broken(): Work {
      return refused('its schema or key function threw')
    }
    function settle(result: Awaited<ReturnType<typeof validate>>): Work {
      if (result.issues) return refused(describeIssues(result.issues))
      const key = spec.keyOf(result.value)
      const id = `${event.source}#${event.id}`
      const made = {
        name,
        id,
        at,
        version: { min: micros, max: micros + 999, clock: event.source },
        key,
        source: origin,
        by: 'user' as const,
        payload: result.value,
      }
      return { plan, lane: `${name}/${key}`, subject: { kind: 'event', event: made } }
    }
  })
  return works.some((work) => work instanceof Promise) ? Promise.all(works) : (works as Work[]) // no promise among them
}

/** What is addressed to this application and reaches no route is kept, never silently done. */
function matchEnvelope(
  envelope: Envelope,
  application: string,
  { reminders, schedules, byKey }: Plans,
  origin: Origin,
): readonly Work[] {
  if (envelope.application !== application) return []
  if (envelope.kind === 'reminder') {
    const wants = reminders.get(envelope.reminder) ?? []
    const lane = `${envelope.reminder}/${envelope.key}`
    return wants.length === 0
      ? [dead(unrouted, 'no-route', `no route handles the reminder '${envelope.reminder}'`)]
      : wants.map((want) => ({
          plan: want.plan,
          lane,
          subject: { kind: 'reminder', want, envelope, origin },
        }))
  }
  const { route } = envelope
  if (envelope.kind === 'tick') {
    const wants = schedules.get(route) ?? []
    return wants.length === 0
      ? [dead(unrouted, 'no-route', `a tick of '${route}', which is no schedule`)]
      : wants.map(({ plan, spec }) => ({
          plan,
          lane: plan.key,
          subject: { kind: 'tick', envelope, keys: plan.keys, spec, origin },
        }))
  }
  const { lane } = envelope
  const plan = route === '' ? unrouted : byKey.get(route)
  return plan === undefined
    ? [dead(unrouted, 'no-route', `a ${envelope.kind} of '${route}', which is no route`)]
    : [
        {
          plan,
          lane,
          subject: envelope.kind === 'drain' ? { kind: 'drain', envelope } : { kind: 'redrive', envelope },
        },
      ]
}

/** A record that no handler can be given; its lane is '' where its key is not known: then it waits for no other. */
export function dead(plan: RoutePlan, reason: DeadReason, detail: string): Work {
  return { plan, lane: '', subject: { kind: 'dead', reason, detail } }
}

/** Equal for everything that is the same event, whoever repeats it. */
export function identityOf(subject: Subject): string {
  switch (subject.kind) {
    case 'event':
      return subject.event.id
    case 'reminder': {
      const { reminder, key, generation } = subject.envelope
      return `reminder/${reminder}/${key}/${generation}`
    }
    default:
      return ''
  }
}
