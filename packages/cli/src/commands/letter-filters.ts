/** Owns which letters a command is about: by reactor, route, reason and time. */

import { nearestName } from '@spaceship/core/adapter'
import type { DeadLetter } from '@spaceship/core/ports'
import type { Command } from 'commander'
import { usage } from '../show/index.ts'
import { momentOf } from './moment.ts'

export interface Filters {
  readonly reactor?: string
  readonly route?: string
  readonly reason?: string
  readonly since?: string
  readonly until?: string
}

const REASONS = [
  'undecodable',
  'unrecognised',
  'schema',
  'exhausted',
  'permanent',
  'no-route',
  'crashed',
  'damaged',
  'out-of-range',
  'too-large',
  'parked',
] as const satisfies readonly DeadLetter['reason'][]

export const addFilters = (command: Command): Command =>
  command
    .option('--reactor <name>', 'only those of a reactor')
    .option('--route <name>', "only those of a route: 'reactor/route', or its id alone")
    .option('--reason <reason>', `only those given up for it: ${REASONS.join(', ')}`)
    .option('--since <time>', "only later ones: an ISO time, or how long ago, such as '2h'")
    .option('--until <time>', 'only earlier ones, likewise')

/** @throws SpaceshipError `usage` for filters that make no sense */
export function passes(filters: Filters, now: number): (letter: DeadLetter) => boolean {
  const { reactor, route, reason } = filters
  if (reason !== undefined && !REASONS.some((known) => known === reason)) {
    const near = nearestName(reason, REASONS)
    throw usage(
      `--reason is '${reason}'${near === undefined ? '' : ` (did you mean '${near}'?)`}: expected ${REASONS.join(', ')}`,
    )
  }
  const since = momentOf('--since', filters.since, 'ago')?.(now) ?? Number.NEGATIVE_INFINITY
  const until = momentOf('--until', filters.until, 'ago')?.(now) ?? Number.POSITIVE_INFINITY
  return (letter) =>
    (reactor === undefined || letter.reactor === reactor) &&
    (route === undefined || letter.route === route || `${letter.reactor}/${letter.route}` === route) &&
    (reason === undefined || letter.reason === reason) &&
    letter.at.getTime() >= since &&
    letter.at.getTime() <= until
}
