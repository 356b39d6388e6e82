import { defineConfig } from '@spaceship/cli'
import { application, fromEnvironment } from './src/environment.ts'
import { onboarding } from './src/onboarding.ts'

export default defineConfig({
  application,
  streams: ['clients-cdc'],
  reactors: (variables) => [onboarding(fromEnvironment(variables).dependencies)],
  deadLetters: (variables) => fromEnvironment(variables).options.deadLetters,
  reminders: (variables) => fromEnvironment(variables).dependencies.reminders,
  // What an embedded ship takes for the names of an account.
  variables: {
    SLACK_TOKEN: 'xoxb-local',
    STATE_MACHINE_ARN: 'arn:aws:states:us-east-1:000000000000:stateMachine:reminders',
    STATE_TABLE: `${application}-state`,
    TUTORIAL_PATIENCE: '10s',
  },
})
