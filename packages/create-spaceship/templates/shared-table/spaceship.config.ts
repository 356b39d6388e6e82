import { defineConfig } from '@spaceship/cli'
import { application, fromEnvironment, streams } from './src/environment.ts'
import { sales } from './src/sales.ts'

export default defineConfig({
  application,
  streams,
  reactors: (variables) => [sales(fromEnvironment(variables).dependencies)],
  // For processes on the embedded ship, whose Slack takes any token.
  variables: { SLACK_TOKEN: 'xoxb-local' },
})
