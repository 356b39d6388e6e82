/**
 * Owns what follows from a window: how things stand after it, and what is to be told. It depends on nothing but what it is given, so that a
 * repeat comes to the same.
 */

import type { Tick } from '@spaceship/core'
import type { WatchAlert } from './alert.ts'
import type { Item, Standing } from './item.ts'

export interface Rules {
  readonly isHigh: (value: number) => boolean
  readonly onNoData: 'keep' | 'alert' | 'recover'
  /** Milliseconds. */
  readonly realert: number
}

/** @param known undefined before the first window */
export function decide(
  known: Standing | undefined,
  tick: Pick<Tick, 'id' | 'from' | 'to'>,
  value: number | undefined,
  rules: Rules,
): Item {
  const was: Standing = known ?? { status: 'ok', to: 0 }
  const [from, to] = [tick.from.getTime(), tick.to.getTime()]
  const seen = statusOf(value, rules)
  if (seen === 'unknown') return { standing: { ...was, to }, pending: undefined }
  const say = (status: WatchAlert['status'], since: number, until: number): WatchAlert => {
    const window = { from: tick.from, to: tick.to }
    return {
      id: `${tick.id}/${status}`,
      status,
      value,
      ...window,
      since: new Date(since),
      lasted: until - since,
    }
  }
  if (seen === 'ok') {
    const pending = was.status === 'ok' ? undefined : say('over', was.since, was.until)
    return { standing: { status: 'ok', to }, pending }
  }
  const since = was.status === 'ok' ? from : was.since
  const isNews = was.status !== seen || to - was.alertedAt >= rules.realert
  const alertedAt = isNews ? to : was.alertedAt
  return {
    standing: { status: seen, to, since, until: to, alertedAt },
    pending: isNews ? say(seen, since, to) : undefined,
  }
}

function statusOf(value: number | undefined, { isHigh, onNoData }: Rules): Standing['status'] | 'unknown' {
  if (value !== undefined) return isHigh(value) ? 'firing' : 'ok'
  if (onNoData === 'recover') return 'ok'
  return onNoData === 'alert' ? 'no-data' : 'unknown'
}
