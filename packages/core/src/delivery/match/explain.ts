/**
 * Owns the answer to "why did this route not fire?": what each route makes of a record, in words. It follows `match.ts` step by
 * step, decides nothing and runs no handler.
 */

import type { ChangeKind, ChangeSpec, EventSpec, PublishedSpec } from '../../domain/event.ts'
import { describeIssues, validate } from '../../domain/schema.ts'
import { SpaceshipError } from '../../errors.ts'
import { type Change, type CloudEvent, read, type StreamRecord } from '../../wire/index.ts'
import type { Plans, Want } from '../plan.ts'
import { imagesOf } from './images.ts'
import type { Place } from './match.ts'
import { mismatch } from './mismatch.ts'

/** What a route makes of a record. */
export interface Explanation {
  /** `reactor/route`. */
  readonly route: string
  readonly matched: boolean
  /** In words; values of the fields that decide are shown, as far as they are short texts or numbers. */
  readonly why: string
}

/** One entry for each route. A schema that is asynchronous cannot be asked here, and the entry says so. */
export function explain(
  record: StreamRecord,
  { application }: Pick<Place, 'application'>,
  plans: Plans,
): readonly Explanation[] {
  const judge = judgeOf(record, application)
  const verdicts = new Map<string, Verdict[]>()
  for (const wants of [plans.changes, plans.published, plans.reminders, plans.schedules]) {
    // Each map holds wants of one kind of event.
    for (const want of ([...wants.values()] as readonly (readonly Want<EventSpec>[])[]).flat()) {
      const list = verdicts.get(want.plan.key) ?? []
      verdicts.set(want.plan.key, list)
      list.push({ event: want.name, ...judge(want) })
    }
  }
  return [...verdicts].map(([route, list]) => {
    const hit = list.find(({ matched }) => matched)
    const why = hit?.why ?? list.map((verdict) => `${verdict.event}: ${verdict.why}`).join('; ')
    return { route, matched: hit !== undefined, why }
  })
}

interface Verdict {
  readonly event: string
  readonly matched: boolean
  readonly why: string
}
type Judged = Omit<Verdict, 'event'>

const no = (why: string): Judged => ({ matched: false, why })
const yes = (why = 'it matches'): Judged => ({ matched: true, why })

function judgeOf(record: StreamRecord, application: string): (want: Want<EventSpec>) => Judged {
  const incoming = read(record.data, () => true)
  switch (incoming.kind) {
    case 'unwanted':
      return () => no('nobody asked for it')
    case 'unreadable':
      return () => no(`the record is ${incoming.reason}: ${incoming.detail}`)
    case 'change': {
      const { change } = incoming
      return ({ spec }) =>
        spec.kind === 'change' ? ofChange(change, spec) : no(`the record is a change of '${change.table}'`)
    }
    case 'published': {
      const { event } = incoming
      return ({ name, spec }) =>
        spec.kind === 'published' && name === event.type
          ? ofPublished(event, spec)
          : no(`the record is a published '${event.type}'`)
    }
    case 'envelope': {
      const { envelope } = incoming
      return ({ plan, name }) => {
        if (envelope.application !== application)
          return no(`the envelope is addressed to '${envelope.application}'`)
        if (envelope.kind === 'reminder')
          return envelope.reminder === name ? yes() : no(`the reminder '${envelope.reminder}' is due`)
        return plan.keys.includes(envelope.route) ? yes() : no(`a ${envelope.kind} of '${envelope.route}'`)
      }
    }
  }
}

const WORDS: Readonly<Record<ChangeKind, string>> = {
  INSERT: 'created',
  MODIFY: 'changed',
  REMOVE: 'removed',
}

function ofChange(change: Change, spec: ChangeSpec): Judged {
  const { entity } = spec
  if (entity.table !== change.table)
    return no(`the record is a change of '${change.table}', not of '${entity.table}'`)
  if (!spec.on.includes(change.kind))
    return no(
      `the row was ${WORDS[change.kind]}, the event is for ${spec.on.map((kind) => WORDS[kind]).join(' or ')}`,
    )
  if (spec.by !== undefined && spec.by !== change.by)
    return no(`it was done by ${change.by}, the event is for ${spec.by}`)
  try {
    const other = otherKind(change, spec)
    if (other !== undefined) return no(other)
    const images = imagesOf(change)
    const rows = { before: {}, after: {} }
    for (const image of spec.exposes) {
      if (images.request(entity, image) instanceof Promise)
        return no(`the schema of ${entity.name} is asynchronous: this cannot be told beforehand`)
      rows[image] = images.read(entity, image)
    }
    if (spec.matches === undefined || spec.matches(rows.before, rows.after)) return yes()
    return no(mismatch(spec.pattern ?? {}, rows.before, rows.after) ?? 'its pattern says no')
  } catch (error) {
    return yes(
      `it becomes a dead letter: ${error instanceof SpaceshipError ? error.message : 'its pattern threw'}`,
    )
  }
}

/** In a table shared by several kinds of item. */
function otherKind(change: Change, { entity, exposes }: ChangeSpec): string | undefined {
  for (const image of exposes) {
    const raw = change.image(image, entity.numbers)
    const different = Object.entries(entity.when ?? {}).find(([name, value]) => raw?.[name] !== value)
    if (raw === undefined || different === undefined) continue
    const [name, value] = different
    const verb = image === 'before' ? 'was' : 'is'
    return `'${name}' ${verb} '${String(raw[name])}', that of ${entity.name} is '${String(value)}'`
  }
  return undefined
}

function ofPublished(event: CloudEvent, { schema }: PublishedSpec): Judged {
  try {
    const result = validate(schema, event.data)
    if (result instanceof Promise) return yes('if its asynchronous schema takes it')
    return result.issues ? yes(`it becomes a dead letter: ${describeIssues(result.issues)}`) : yes()
  } catch {
    return yes('it becomes a dead letter: its schema threw')
  }
}
