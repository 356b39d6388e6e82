export type { SlackMessage } from './message.ts'
export { type Slack, startSlack } from './slack.ts'
