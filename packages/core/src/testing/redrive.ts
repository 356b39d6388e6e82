/** Owns which way back a dead letter takes: by itself, or with its parked lane. */

import type { Redrive } from '../delivery/index.ts'
import type { Plans } from '../delivery/plan.ts'
import type { DeadLetter } from '../ports/index.ts'

export async function redriveOf(
  wanted: DeadLetter | string,
  letters: readonly DeadLetter[],
  redrive: Redrive,
  { byKey }: Plans,
): Promise<void> {
  const isParked = ({ reactor, route, lane }: DeadLetter) =>
    lane !== '' && byKey.get(`${reactor}/${route}`)?.whenExhausted === 'park'
  if (wanted !== 'all') {
    const id = typeof wanted === 'string' ? wanted : wanted.id
    const letter = letters.find((other) => other.id === id)
    return letter !== undefined && isParked(letter) ? redrive.lane(id) : redrive.letter(id)
  }
  const lanes = new Map<string, string>()
  for (const letter of letters) {
    if (isParked(letter)) lanes.set(`${letter.reactor}/${letter.route}/${letter.lane}`, letter.id)
    else await redrive.letter(letter.id)
  }
  for (const id of lanes.values()) await redrive.lane(id)
}
