export type { SlackMessage } from './message.ts'
export { type Slack, type SlackOptions, startSlack } from './slack.ts'
