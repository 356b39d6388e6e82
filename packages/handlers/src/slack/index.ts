export { type PostOptions, type Slack, type SlackMessage, slackWith } from './notify.ts'
export { createSlack, type SlackOptions } from './slack.ts'
export { escapeText } from './text.ts'
