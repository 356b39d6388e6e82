import { reactor, type Tick } from '@spaceship/core'
import type { StateStore } from '@spaceship/core/ports'
import type { Search } from '@spaceship/handlers/opensearch'
import type { Slack } from '@spaceship/handlers/slack'
import { type WatchAlert, watch } from '@spaceship/handlers/watch'

/** All that it depends on are the lines that others have indexed. */
export type Dependencies = { readonly search: Search; readonly slack: Slack; readonly state: StateStore }

export const errorWatch = ({ search, slack, state }: Dependencies) =>
  reactor('error-watch').every(
    'count-errors',
    { each: '5m', delay: '30s' },
    watch({
      application: 'error-watch',
      state,
      measure: (tick, { signal }) => errorsIn(search, tick, signal),
      above: 100,
      realert: '1h',
      alert: (alert, { signal }) => slack.post({ channel: '#ops', text: textOf(alert) }, { signal }),
    }),
  )

/** Undefined where nobody has logged anything: then it is not known whether something fails. */
async function errorsIn(search: Search, { from, to }: Tick, signal: AbortSignal) {
  const window = { range: { timestamp: { gte: from.toISOString(), lt: to.toISOString() } } }
  const errors = { bool: { filter: [window, { match: { level: 'ERROR' } }] } }
  const lines = await search.count('logs-*', window, { signal })
  return lines.total === 0 ? undefined : (await search.count('logs-*', errors, { signal })).total
}

function textOf({ status, value, from, to, lasted }: WatchAlert): string {
  const [begin, end] = [from, to].map((time) => time.toISOString().slice(11, 16))
  const told = `${value} errors from ${begin} to ${end} UTC`
  const minutes = `${lasted / 60_000} minutes`
  return status === 'over' ? `It is over, after ${minutes}: ${told}` : `${told}, too many for ${minutes} now`
}
