import { reactor } from '@spaceship/core'
import type { Slack } from '@spaceship/handlers/slack'
import { joined, upgraded } from './client.ts'

/** A reactor is a function of its dependencies: tests give it doubles. */
export const greeter = ({ slack }: { slack: Slack }) =>
  reactor('greeter')
    .on(
      'greet',
      joined,
      slack.notify({ channel: '#marketing', text: (e) => `${e.after.name} just came on board` }),
    )
    .on(
      'announce',
      upgraded,
      slack.notify({
        channel: '#marketing',
        text: (e) => `${e.after.name}: ${e.before.plan} to ${e.after.plan}`,
      }),
    )
