/**
 * A change of a DynamoDB item, as DynamoDB's Kinesis destination writes it.
 *
 * ```
 * change ── wants of its table ── kind of change, actor, kind of item ── images parsed ── pattern ──┬─> event
 *                     │                     │                                │             │        │
 *                     └─────────────────────┴── the route does not want it ──│─────────────┘        │
 *                                                                            └─ a dead letter: schema
 * ```
 */

import type { ChangeKind, ChangeSpec, Image, Origin } from '../declare/event.ts'
import { differenceFrom } from '../declare/marks.ts'
import { EventContent, refusedShare, type Share } from '../engine/content.ts'
import type { Kind, Reader, Why } from '../engine/kind.ts'
import type { Want } from '../engine/plan.ts'
import { codeOf, SpaceshipError } from '../errors.ts'
import { changeOf } from '../wire/change.ts'
import { type Change, formatPosition } from '../wire/index.ts'
import { outlineOf, type Wanted } from '../wire/outline.ts'
import { shapeOf } from '../wire/shape.ts'
import { changeEvent, type Rows } from './change-event.ts'
import { type Images, imagesOf } from './images.ts'
import { mismatch } from './mismatch.ts'

/** How a change is told from other records, if these changes are wanted. */
export function changeRecogniser(wanted: Wanted): Pick<Reader<Change>, 'scan' | 'recognise' | 'describe'> {
  const ifWanted = (change: Change) => (wanted(change.table, change.kind) ? change : 'unwanted')
  return {
    scan: (bytes) => {
      const outline = outlineOf(bytes, wanted)
      if (outline === undefined || outline === 'unwanted') return outline
      const change = changeOf(bytes, outline)
      return change && ifWanted(change)
    },
    recognise: (json, bytes) => {
      const shape = shapeOf(json)
      const change = shape && changeOf(bytes, shape)
      return change && ifWanted(change)
    },
    describe: ({ table }) => `the record is a change of '${table}'`,
  }
}

export const change: Kind = {
  name: 'change',
  spec: 'change',
  reader: ({ wants }) => {
    const byTable = new Map<string, Want<ChangeSpec>[]>()
    for (const want of wants) if (isOfChange(want)) append(byTable, want.spec.entity.table, want)
    const kinds = new Map<string, Set<ChangeKind>>()
    for (const [table, ofTable] of byTable) kinds.set(table, new Set(ofTable.flatMap(({ spec }) => spec.on)))
    const reader: Reader<Change> = {
      ...changeRecogniser((table, kind) => kinds.get(table)?.has(kind) ?? false),
      unwanted: changeRecogniser(() => true),
      shares: (item, record, { stream, shard }, why) => {
        const origin = { stream, shard, position: formatPosition(record) }
        return sharesOf(item, byTable.get(item.table) ?? [], origin, why)
      },
    }
    return reader
  },
}

function sharesOf(
  item: Change,
  wants: readonly Want<ChangeSpec>[],
  origin: Origin,
  why: Why | undefined,
): readonly Share[] | Promise<readonly Share[]> {
  const images = imagesOf(item)
  const candidates: Want<ChangeSpec>[] = []
  // Only asynchronous schemas leave promises to wait for.
  let pending: Promise<unknown>[] | undefined
  for (const want of wants) {
    const { spec } = want
    const other = otherThan(item, spec)
    if (other !== undefined) {
      why?.(want, false, () => reasonOf(other, item, spec))
      continue
    }
    candidates.push(want)
    for (const image of spec.exposes) {
      const requested = images.request(spec.entity, image)
      if (requested instanceof Promise) pending = [...(pending ?? []), requested]
    }
  }
  if (pending === undefined) return decided(item, candidates, images, origin, why)
  return Promise.all(pending).then(() => decided(item, candidates, images, origin, why))
}

function decided(
  item: Change,
  candidates: readonly Want<ChangeSpec>[],
  images: Images,
  origin: Origin,
  why: Why | undefined,
): Share[] {
  const shares: Share[] = []
  for (const want of candidates) {
    const { plan, name, spec } = want
    // The wants of a route stand together: its first event that matches decides, else its last refusal.
    const known = shares.at(-1)
    const again = known?.plan === plan
    if (again && known.content.refusal === undefined) continue
    let lane = ''
    try {
      const key = item.keyText(spec.entity.key)
      lane = `${spec.entity.table}/${key}`
      const rows: Rows = {}
      for (const image of spec.exposes) rows[image] = images.read(spec.entity, image)
      if (spec.matches !== undefined && !spec.matches(rows.before, rows.after)) {
        why?.(want, false, () => mismatch(spec.pattern ?? {}, rows) ?? 'its pattern says no')
        continue
      }
      const event = changeEvent(name, item, spec, key, rows, images, origin)
      if (again) shares.pop()
      shares.push({ plan, lane, content: new EventContent(event) })
      why?.(want, true, () => 'it matches')
    } catch (error) {
      const detail = codeOf(error) === undefined ? `the pattern of '${name}' threw` : describeOwn(error)
      if (again) shares.pop()
      shares.push(refusedShare(plan, 'schema', detail, { lane, named: { identity: () => item.identity() } }))
      why?.(want, true, () => `it becomes a dead letter: ${detail}`)
    }
  }
  return shares
}

/** An error of ours says what is wrong and shows no values; one of a user's function may hold anything. */
function describeOwn(error: unknown): string {
  return error instanceof SpaceshipError ? error.message : `it threw [${codeOf(error)}]`
}

/** In what the change is another than the event's; undefined if the route may want it. */
function otherThan(
  item: Change,
  { on, by, entity, exposes }: ChangeSpec,
): 'kind' | 'actor' | Image | undefined {
  if (!on.includes(item.kind)) return 'kind'
  if (by !== undefined && by !== item.by) return 'actor'
  const { when, numbers } = entity
  if (when === undefined) return undefined
  // Rows of another kind in a shared table are not parsed; a row that has changed its kind is no `changed` of either.
  try {
    return exposes.find((image) => {
      const raw = item.image(image, numbers)
      return raw && differenceFrom(when, raw) !== undefined
    })
  } catch {
    // In doubt it is of the kind: parsing then says what is wrong.
    return undefined
  }
}

const WORDS: Readonly<Record<ChangeKind, string>> = {
  INSERT: 'created',
  MODIFY: 'changed',
  REMOVE: 'removed',
  BACKFILL: 'found by a backfill',
}

function reasonOf(other: 'kind' | 'actor' | Image, item: Change, { on, by, entity }: ChangeSpec): string {
  if (other === 'kind')
    return `the row was ${WORDS[item.kind]}, the event is for ${on.map((kind) => WORDS[kind]).join(' or ')}`
  if (other === 'actor') return `it was done by ${item.by}, the event is for ${by}`
  const raw = item.image(other, entity.numbers)
  const { when } = entity
  const difference = raw && when && differenceFrom(when, raw)
  if (difference?.name === undefined)
    return `the row is no ${entity.name}: expected one ${difference?.expected}`
  const { name, expected } = difference
  const verb = other === 'before' ? 'was' : 'is'
  const mark = raw?.[name] === undefined ? 'missing' : `'${String(raw[name])}'`
  return `'${name}' ${verb} ${mark}, that of ${entity.name} ${expected}`
}

function isOfChange(want: Want): want is Want<ChangeSpec> {
  return want.spec.kind === 'change'
}

function append<T>(map: Map<string, T[]>, key: string, item: T): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [item])
  else list.push(item)
}
