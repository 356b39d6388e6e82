import { reactor } from '@spaceship/core'
import type { Slack } from '@spaceship/handlers/slack'
import { joined, paid } from './shop.ts'

/** A reactor is a function of its dependencies: tests give it doubles. */
export const sales = ({ slack }: { slack: Slack }) =>
  reactor('sales')
    .on(
      'greet',
      joined,
      slack.notify({ channel: '#sales', text: (e) => `${e.after.name} is a customer now` }),
    )
    .on(
      'cash',
      paid,
      slack.notify({ channel: '#sales', text: (e) => `${e.after.sk} is paid: ${e.after.total} cents` }),
    )
