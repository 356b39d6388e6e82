/** Slack truncates beyond this: https://docs.slack.dev/reference/methods/chat.postMessage */
const LONGEST = 40_000

/**
 * Text that shows as it is: a client who calls himself `<!channel>` pings nobody.
 * https://docs.slack.dev/messaging/formatting-message-text#escaping
 */
export function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

export function shortened(text: string): string {
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 1)}…`
}
