/** Owns the way back from a dead letter to what it was about. Never runs it and never removes it. */

import type { DeadLetter } from '../ports/index.ts'
import type { Surroundings } from './attempt.ts'
import type { Matter } from './ending.ts'
import { match, type Place, type Subject, type Work } from './match.ts'
import { unrouted } from './plan.ts'
import type { Task } from './task.ts'

export type Recalled =
  /** `generation`: of the redrive that asked. */
  | (Matter & { readonly generation?: number })
  /** For a letter that had reached no route: what it causes now. */
  | { readonly works: readonly Work[] }
  /** There is nothing to run. */
  | { readonly why: string }

/** What this attempt is about: the task's own subject, or that of the letter which it names. */
export async function recall(task: Task, subject: Subject, around: Surroundings): Promise<Recalled> {
  if (subject.kind !== 'redrive' && subject.kind !== 'drain') return { subject }
  const { plan, lane, entry } = task
  const { envelope } = subject
  const id = envelope.kind === 'redrive' ? envelope.letter : await around.parks.first(plan, lane)
  if (id === undefined) return { why: 'no letter of its lane is left' }
  const letter = await around.settings.deadLetters?.get(id)
  const draining = envelope.kind === 'drain' ? id : undefined
  if (letter === undefined) {
    // Someone removed it by hand: it must not hold up its lane for ever.
    if (draining !== undefined) await around.parks.remove(plan, lane, draining)
    return draining === undefined ? { why: 'its letter is gone' } : recall(task, subject, around)
  }
  // An envelope only names a letter: one of another application or route was forged or mistaken.
  const route = letter.route === undefined ? '' : `${letter.reactor}/${letter.route}`
  const own = plan.keys.length === 0 ? route === '' : plan.keys.includes(route)
  if (letter.application !== around.place.application || !own) {
    around.settings.logger.warn('an envelope named a letter that is not its own', {
      letter: id,
      route: plan.key,
    })
    return { why: 'its letter is not of this route' }
  }
  if (draining === undefined) entry.letter = id
  const works = await worksOf(letter, envelope.generation, around)
  if (plan === unrouted) return { works }
  const work = works.find((other) => other.plan === plan)
  const { generation } = envelope
  if (work !== undefined) return { subject: work.subject, draining, generation }
  // Its route no longer wants it: it is skipped, and its letter with it.
  if (draining === undefined) return { why: 'its route no longer wants it' }
  await around.parks.remove(plan, lane, draining)
  await around.settings.deadLetters?.remove(draining)
  return recall(task, subject, around)
}

async function worksOf(
  letter: DeadLetter,
  generation: number,
  around: Surroundings,
): Promise<readonly Work[]> {
  const { sequence, subSequence, partitionKey, data, application, stream, shard, at } = letter
  const place: Place = { application, stream, shard }
  const record = { sequence, subSequence, partitionKey, data, arrivedAt: at }
  const works = await match(record, place, around.settings)
  const redriven = { at: new Date(generation), of: letter.id }
  return works.map((work) => ({ ...work, subject: marked(work.subject, letter, redriven) }))
}

function marked(
  subject: Subject,
  letter: DeadLetter,
  redriven: { readonly at: Date; readonly of: string },
): Subject {
  if (subject.kind === 'event') {
    // Made for this attempt alone.
    Object.assign(subject.event, { redriven })
    return { ...subject, letter }
  }
  return subject.kind === 'reminder' || subject.kind === 'dead' ? { ...subject, letter } : subject
}
