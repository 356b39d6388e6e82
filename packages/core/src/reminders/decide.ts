/**
 * Owns what becomes of a reminder's state when an event (or somebody, by a command) schedules, cancels or moves it. Pure: the caller
 * writes the state, and starts and stops executions.
 *
 * The outcome is the same in whatever order events arrive, and however often: the newest schedule or cancel decides whether the
 * reminder is pending, and the newest move, unless the schedule is newer, when it is due.
 *
 * ```
 *   arrives      1: schedule   2: cancel   3: move        stands
 *   1, 2, 3      pending       cancelled   cancelled      cancelled
 *   3, 1, 2      (3 is kept)   pending, due as 3 says     cancelled
 * ```
 *
 * What a handler has had for a time, to the end or not yet, is not sent for it again: an event of a row that still holds the time decides
 * nothing else. What was skipped as it came due is.
 *
 * Ties, and events of two clocks within what those may differ: a cancel stands against a schedule, a move against the schedule that it
 * moves, a command against an event.
 */

import { isBefore, type Moment } from '../declare/version.ts'
import type { Json } from '../ports/index.ts'
import type { ReminderState } from './state.ts'

/** What stands, and what the caller is to do about it. */
export type Decision =
  | {
      readonly kind: 'pending'
      readonly state: ReminderState
      /** What was pending before, under another generation. */
      readonly replaced: ReminderState | undefined
      /** It was decided so before: nothing but a lost answer can be missing. */
      readonly repeated: boolean
    }
  /** The item is written; nothing waits any more that `stopped` does not name. */
  | {
      readonly kind: 'ended'
      readonly state: ReminderState
      readonly stopped: ReminderState | undefined
      readonly late: boolean
    }
  /** The item is written; nothing else is to be done. */
  | { readonly kind: 'sent'; readonly state: ReminderState }
  /** The item stays as it is. */
  | { readonly kind: 'stands'; readonly why: string; readonly state: ReminderState | undefined }

/** What decides: an event's moment, or a command, which is later than everything that stands. */
export interface Deciding extends Moment {
  readonly command: boolean
}

export interface Rules {
  /** Milliseconds that the clocks of two sources may differ. */
  readonly maxClockSkew: number
  /** Milliseconds after its due time at which a reminder is too late to be sent; undefined if it never is. */
  readonly maxLateness: number | undefined
}

/** The clock of commands. */
const COMMAND = 'command'

/** When a command was given, later than all that stands: whoever gives it has seen that, or could have. */
export function commandAt(now: number, found: ReminderState | undefined): Deciding {
  const at = Math.max(now, (found?.at ?? 0) + 1, (found?.move?.at ?? 0) + 1)
  return { command: true, at, version: { min: at * 1_000, max: at * 1_000 + 999, clock: COMMAND } }
}

export function decideSchedule(
  found: ReminderState | undefined,
  deciding: Deciding,
  given: { readonly dueAt: number; readonly payload: Json; readonly on: string },
  rules: Rules,
): Decision {
  if (found !== undefined && !deciding.command && !isNews(deciding, found, rules.maxClockSkew))
    return { kind: 'stands', why: 'a newer event has decided', state: found }
  const moved =
    found?.move === undefined || deciding.command || isBefore(found.move, deciding, rules.maxClockSkew)
      ? undefined
      : found.move
  const isPending = found?.status === 'pending'
  // The same event again, perhaps on a machine with other zone data, or of another version: what was decided first stands.
  const isAgain = isPending && !deciding.command && isExactly(deciding, found)
  const dueAt = moved?.dueAt ?? (isAgain && found.move === undefined ? found.dueAt : given.dueAt)
  const isSame = deciding.command
    ? isEqual(given.payload, found?.payload)
    : deciding.version.min === found?.version.min
  const repeated = isPending && isSame && dueAt === found.dueAt
  const payload = isAgain ? found.payload : given.payload
  // A command that changes nothing stays with the event (or command) that decided.
  const { version, at } = repeated && deciding.command ? found : deciding
  if (found !== undefined && !repeated && dueAt === found.dueAt && (wasSent(found) || isBeingSent(found))) {
    // A handler that tries again gets the newer payload.
    if (!deciding.command) return { kind: 'sent', state: { ...found, version, at, payload, move: moved } }
    // Somebody who asks for another payload means it.
    if (isSame) return { kind: 'stands', why: 'it was sent', state: found }
  }
  const next = { version, at, payload, on: given.on, move: moved, dueAt }
  return pending(found, next, { repeated, decidedAt: moved?.at ?? at }, rules)
}

export function decideMove(
  found: ReminderState | undefined,
  deciding: Deciding,
  given: { readonly dueAt: number; readonly on: string },
  rules: Rules,
): Decision {
  const { version, at, command } = deciding
  const stands = (why: string): Decision => ({ kind: 'stands', why, state: found })
  const move = { version, at, dueAt: given.dueAt }
  // An event of another time means what is to come, whatever a handler does about this one.
  if (found !== undefined && isBeingSent(found) && (command || given.dueAt === found.dueAt))
    return stands('it is being sent')
  if (!command && found !== undefined) {
    const { maxClockSkew } = rules
    const isOld =
      isBefore(deciding, found, maxClockSkew) || (found.move && isBefore(deciding, found.move, maxClockSkew))
    if (isOld) return stands('a newer event has decided')
  }
  if (found?.status !== 'pending') {
    if (command) return stands(found?.status === 'handled' ? 'it was sent' : 'nothing is pending')
    // Its schedule may come later: an older event that is still on its way.
    return { kind: 'ended', state: { ...(found ?? BLANK), move }, stopped: undefined, late: false }
  }
  const isAgain = !command && found.move !== undefined && isExactly(deciding, found.move)
  const dueAt = isAgain ? found.dueAt : given.dueAt
  const repeated = isAgain || (dueAt === found.dueAt && (command || found.move?.version.min === version.min))
  const next = { ...found, on: given.on, dueAt, move: repeated ? found.move : move }
  return pending(found, next, { repeated, decidedAt: at }, rules)
}

export function decideCancel(found: ReminderState | undefined, deciding: Deciding, rules: Rules): Decision {
  const stands = (why: string): Decision => ({ kind: 'stands', why, state: found })
  if (found !== undefined && !deciding.command) {
    // In a tie the cancel wins: not reminding is the smaller mistake.
    if (isBefore(deciding, found, rules.maxClockSkew)) return stands('a newer event has decided')
    // Two cancels of two clocks: the register never goes back to an older one.
    const isTie =
      !isBefore(found, deciding, rules.maxClockSkew) && found.version.clock !== deciding.version.clock
    if (isTie && found.status === 'cancelled') return stands('it was cancelled')
  }
  const { version, at, command } = deciding
  const before = found ?? BLANK
  const again = before.status === 'cancelled' && before.version.min === version.min
  const late = before.firing
  return {
    kind: 'ended',
    state: {
      ...before,
      status: 'cancelled',
      // A repeat says the same.
      firing: late,
      version,
      at,
      missed: false,
      move: command ? undefined : before.move,
    },
    // A repeat may have been cut off before it stopped the execution.
    stopped: before.status === 'pending' || (again && before.generation > 0) ? before : undefined,
    late,
  }
}

type Next = Pick<ReminderState, 'version' | 'at' | 'payload' | 'on' | 'dueAt' | 'move'>

function pending(
  found: ReminderState | undefined,
  next: Next,
  { repeated, decidedAt }: { readonly repeated: boolean; readonly decidedAt: number },
  { maxLateness }: Rules,
): Decision {
  const until = maxLateness === undefined ? undefined : next.dueAt + maxLateness
  const state: ReminderState = {
    ...(found ?? BLANK),
    ...next,
    // What waits stays where it is.
    on: repeated ? found?.on : next.on,
    status: 'pending',
    // Greater than those of an item that expired before.
    generation: (found?.generation || next.at) + (repeated ? 0 : 1),
    until,
    firing: repeated && found?.firing === true,
    missed: false,
  }
  const replaced = !repeated && found?.status === 'pending' ? found : undefined
  // By the time of the event: a repeat of it, whenever that comes, is decided likewise.
  return until !== undefined && until < decidedAt
    ? { kind: 'ended', state: { ...state, status: 'handled', missed: true }, stopped: replaced, late: false }
    : { kind: 'pending', state, replaced, repeated }
}

/** What nothing has decided yet. */
const BLANK: ReminderState = {
  status: 'cancelled',
  generation: 0,
  version: { min: 0, max: 0 },
  at: 0,
  dueAt: 0,
  until: undefined,
  payload: null,
  on: undefined,
  firing: false,
  missed: false,
  move: undefined,
  retention: undefined,
}

/** Whether a handler has had it to the end: it was sent, or is a dead letter. What was skipped as it came due was not. */
function wasSent({ status, firing }: ReminderState): boolean {
  return status === 'handled' && firing
}

function isBeingSent({ status, firing }: ReminderState): boolean {
  return status === 'pending' && firing
}

/** Whether a schedule may change what stands. Ties: stream order decides between schedules, a cancel or handling stands. */
function isNews(deciding: Deciding, found: ReminderState, skew: number): boolean {
  if (isBefore(deciding, found, skew)) return false
  if (isBefore(found, deciding, skew)) return true
  return found.status === 'pending' && found.version.clock !== COMMAND
}

/** Whether a moment is that of the event that decided: one that is no interval has no other of its kind. */
function isExactly({ version: a }: Moment, { version: b }: Moment): boolean {
  return a.clock === b.clock && a.min === a.max && b.min === b.max && a.min === b.min
}

/** Of what JSON carries. Asked for when a command repeats one: no event needs it. */
function isEqual(a: Json, b: Json | undefined): boolean {
  return process.getBuiltinModule('node:util').isDeepStrictEqual(a, b)
}
