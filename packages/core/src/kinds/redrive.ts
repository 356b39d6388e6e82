/**
 * A redrive: an envelope names a dead letter, or all letters of a lane, and what is to be run is read from the store. Whoever may put
 * records on the stream can so not forge one.
 *
 * ```
 * envelope ── of this application? ── its route ──┬─> the letter is read when it is its turn ── matched again ──> its content
 *                                                 ├─ a letter that had reached no route ──> a share for each route that wants it now
 *                                                 └─ no such route: a dead letter, no-route
 * ```
 */

import { type Content, type Recalled, type Recalling, refusedShare, type Share } from '../engine/content.ts'
import type { Kind } from '../engine/kind.ts'
import { unrouted } from '../engine/plan.ts'
import { placeFields, routeFields } from '../engine/telling.ts'
import type { DeadLetter } from '../ports/index.ts'
import type { DrainEnvelope, RedriveEnvelope } from '../wire/index.ts'
import { addressedReader } from './addressed.ts'

export const redrive: Kind = {
  name: 'redrive',
  spec: undefined,
  reader: ({ application, routes, wants }) => {
    const byKey = new Map(routes.flatMap((plan) => plan.keys.map((key) => [key, plan] as const)))
    return addressedReader<RedriveEnvelope | DrainEnvelope>(['redrive', 'drain'], application, {
      describe: ({ kind, route }) => `a ${kind} of '${route}'`,
      shares: (envelope, _origin, why) => {
        const { route, lane, kind } = envelope
        const plan = route === '' ? unrouted : byKey.get(route)
        if (plan === undefined)
          return [refusedShare(unrouted, 'no-route', `a ${kind} of '${route}', which is no route`)]
        for (const want of wants) if (want.plan === plan) why?.(want, true, () => 'it matches')
        return [{ plan, lane, content: namedContent(envelope) }]
      },
    })
  },
}

function namedContent(envelope: RedriveEnvelope | DrainEnvelope): Content {
  return {
    names: { letter: envelope.kind === 'redrive' ? envelope.letter : undefined },
    identity: () => '',
    recall: (asking) => read(asking, envelope),
  }
}

async function read(asking: Recalling, envelope: RedriveEnvelope | DrainEnvelope): Promise<Recalled> {
  const { settings, place, plan, lane } = asking
  // A stage that keeps whole lanes names the letter that comes first.
  const id = asking.letter ?? (envelope.kind === 'redrive' ? envelope.letter : undefined)
  if (id === undefined) return { skip: 'no letter of its lane is left' }
  const letter = await settings.deadLetters?.get(id)
  if (letter === undefined) return { skip: 'its letter is gone' }
  // An envelope only names a letter: one of another application or route was forged or mistaken.
  const route = letter.route === undefined ? '' : `${letter.reactor}/${letter.route}`
  const own = plan.keys.length === 0 ? route === '' : plan.keys.includes(route)
  if (letter.application !== place.application || letter.lane !== lane || !own) {
    settings.logger.warn('an envelope named a letter that is not its own', {
      ...routeFields(plan),
      ...placeFields(place),
      letter: id,
    })
    return { skip: 'its letter is not of this route' }
  }
  const redrives = asking.letter === undefined ? id : undefined
  const shares = await sharesOf(asking, letter, envelope.generation)
  if (plan === unrouted) return { shares, redrives }
  const content = shares.find((other) => other.plan === plan)?.content
  if (content === undefined) return { skip: 'its route no longer wants it', redrives }
  return { content, redrives, part: id, generation: envelope.generation }
}

async function sharesOf(
  asking: Recalling,
  letter: DeadLetter,
  generation: number,
): Promise<readonly Share[]> {
  const redriven = { at: new Date(generation), of: letter.id }
  const shares = await asking.matchLetter(letter)
  return shares.map((share) => ({
    ...share,
    content: share.content.readAgain?.(letter, redriven) ?? share.content,
  }))
}
