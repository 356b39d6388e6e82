/** What people see of a message's text: Slack gets `&`, `<` and `>` escaped, and shows them as they are. */
export function seenByPeople(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')
}
