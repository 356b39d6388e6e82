import { type Duration, type Reminders, reactor } from '@spaceship/core'
import type { Search } from '@spaceship/handlers/opensearch'
import type { Slack } from '@spaceship/handlers/slack'
import { invoicePaid, joined, learning, left, saved, tutorial, upgraded } from './client.ts'

export interface Dependencies {
  readonly slack: Slack
  readonly search: Search
  readonly reminders: Reminders
  /** How long a client may take to start the tutorial. @default '3d' */
  readonly patience?: Duration
}

/** Slack answers within 10 s, or the attempt fails: nobody waits longer for the claim of a process that has died. */
const SOON = { timeout: '12s' } as const

export const onboarding = ({ slack, search, reminders, patience = '3d' }: Dependencies) =>
  reactor('onboarding', { retry: { attempts: 5, base: '1s', max: '1m' }, whenExhausted: 'dead-letter' })
    .on(
      'welcome',
      joined,
      slack.notify({
        channel: '#marketing',
        text: (e) => `${e.after.name} just came on board with ${e.after.seats} seats`,
      }),
      SOON,
    )
    .on(
      'announce-upgrade',
      upgraded,
      slack.notify({
        channel: '#marketing',
        text: (e) => `${e.after.name}: ${e.before.plan} -> ${e.after.plan}`,
      }),
      SOON,
    )
    .on(
      'thank',
      invoicePaid,
      slack.notify({
        channel: '#success',
        text: (e) => `${e.payload.clientId} paid ${e.payload.amount}`,
      }),
      SOON,
    )
    .on('index', saved, search.index({ index: 'clients', id: (e) => e.after.id, document: (e) => e.after }))
    .on('unindex', left, search.remove({ index: 'clients', id: (e) => e.before.id }))
    .on(
      'start-tutorial-reminder',
      joined,
      reminders.schedule(tutorial, {
        in: patience,
        payload: (e) => ({ clientId: e.after.id, name: e.after.name }),
      }),
    )
    .on(
      'stop-tutorial-reminder',
      [learning, left],
      reminders.cancel(tutorial, (e) => e.before.id),
    )
    .on(
      'remind',
      tutorial,
      slack.notify({
        channel: '#success',
        text: (e) => `${e.payload.name} has not started the tutorial`,
      }),
      SOON,
    )
