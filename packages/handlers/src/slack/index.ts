export type { Block, BlockText } from './blocks.ts'
export {
  type NotifyOptions,
  type Posted,
  type PostOptions,
  type Slack,
  type SlackMessage,
  type SlackPosts,
  slackWith,
  type UpdateOptions,
} from './notify.ts'
export { createSlack, type SlackOptions } from './slack.ts'
export { escapeText, type Mrkdwn, mrkdwn, type SlackText } from './text.ts'
export type { MakeWebhook, WebhookTransport } from './transport.ts'
