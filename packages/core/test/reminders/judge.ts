/** Owns what may come of a world: who may be reminded, who must be, and how often. Judges by what happened, not by what is stored. */

import { type Fact, type Sent, World } from './world.ts'

/** Steps of one life. */
const STEPS = 120

/** Lives through one world. @returns what must not have come of it */
export async function liveOnce(
  seed: number,
  fault: ConstructorParameters<typeof World>[1] = {},
): Promise<string[]> {
  const world = new World(seed, fault)
  await world.live(STEPS)
  return [
    ...world.failures.map(
      (error) => `it failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    ),
    ...world.sent.flatMap((sent) => unwanted(world.facts, sent)),
    ...repeated(world.sent),
    ...forgotten(world.facts, world.sent),
  ]
}

/** Nobody is reminded who should not be. */
function unwanted(facts: readonly Fact[], sent: Sent): string[] {
  const of = facts.find(({ version }) => version === sent.of)
  if (of === undefined) return ['something was sent that nobody scheduled']
  const known = facts.filter(({ doneAt }) => doneAt !== undefined && doneAt < sent.taken)
  const newer = known.filter(({ version }) => version > sent.of)
  // One that came while it was being sent has moved nothing, and has said so.
  const moves = newer.filter(({ what, result }) => what === 'move' && result !== 'too-late')
  const dues = [
    of.dueAt,
    ...facts.filter(({ what, version }) => what === 'move' && version > sent.of).map(({ dueAt }) => dueAt),
  ]
  const said = facts.find(
    ({ what, result, generation }) =>
      what.endsWith('cancel') && result === 'cancelled' && generation === sent.generation,
  )
  const commanded = newer.find(({ what, at }) => what === 'command-cancel' && at > of.at)
  return [
    ...(sent.at < sent.dueAt ? ['it was sent before it was due'] : []),
    ...(dues.includes(sent.dueAt) ? [] : ['it was sent at a time that nobody asked for']),
    ...(newer.some(({ what }) => what === 'cancel') ? ['it was sent after a cancel'] : []),
    ...(said === undefined ? [] : ['it was sent although a cancel said that it was not']),
    ...(commanded === undefined ? [] : ['it was sent after somebody had cancelled it']),
    ...(newer.some(({ what }) => what === 'schedule') ? ['it was sent after a newer schedule'] : []),
    ...(known.some(({ what }) => what === 'start') ? ['it was sent to somebody who had started'] : []),
    ...(of.doneAt !== undefined &&
    of.doneAt < sent.taken &&
    moves.length > 0 &&
    !isAsMoved(moves, sent, facts)
      ? ['it was sent at the time before it was moved']
      : []),
  ]
}

/** As the newest move says that was handled, or one that is newer still. */
function isAsMoved(moves: readonly Fact[], sent: Sent, facts: readonly Fact[]): boolean {
  const newest = Math.max(...moves.map(({ version }) => version))
  return facts.some(
    ({ what, version, dueAt }) => what === 'move' && version >= newest && dueAt === sent.dueAt,
  )
}

/** At most one delivery for each generation, but where a process died between the send and its record. */
function repeated(sent: readonly Sent[]): string[] {
  const counts = new Map<number, number>()
  for (const { generation, crashed } of sent)
    if (!crashed) counts.set(generation, (counts.get(generation) ?? 0) + 1)
  return [...counts.values()].some((count) => count > 1) ? ['one generation was sent twice'] : []
}

/** Nobody is forgotten who should be reminded. */
function forgotten(facts: readonly Fact[], sent: readonly Sent[]): string[] {
  const last = facts.findLast(({ what }) => what === 'schedule')
  if (last === undefined) return []
  const after = facts.filter(({ version }) => version > last.version)
  const isOver = after.some(({ what }) => what === 'cancel') || facts.some(({ what }) => what === 'start')
  // A command is later than what stands when it is obeyed, and wins within what clocks may differ.
  const isCommanded = facts.some(({ what }) => what === 'command-cancel')
  if (isOver || isCommanded) return []
  // Whoever was reminded of the very time for which the last schedule asks is not reminded of it again.
  const dues = [last.dueAt, ...after.filter(({ what }) => what === 'move').map(({ dueAt }) => dueAt)]
  return sent.some(({ of, dueAt }) => of === last.version || dues.includes(dueAt))
    ? []
    : ['somebody was forgotten']
}
