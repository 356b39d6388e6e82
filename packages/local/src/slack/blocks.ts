/**
 * What Slack takes of blocks, as far as the lengths of texts and lists go. A place is the type of what holds a field, and the field; what
 * has no type is named by the field that holds it. https://docs.slack.dev/reference/block-kit
 */

const MOST_CHARACTERS: Readonly<Record<string, number>> = {
  'markdown.text': 12_000,
  'section.fields': 2_000,
  'image.alt_text': 2_000,
  'image.title': 2_000,
  'input.label': 2_000,
  'input.hint': 2_000,
  'header.text': 150,
  'alert.text': 200,
  'card.title': 150,
  'card.subtitle': 150,
  'card.body': 200,
  'container.title': 150,
  'container.subtitle': 150,
  'video.title': 199,
  'video.description': 199,
  'video.author_name': 49,
  'button.text': 75,
  'button.accessibility_label': 75,
  'button.value': 2_000,
  'button.url': 3_000,
  'workflow_button.text': 75,
  'workflow_button.accessibility_label': 75,
  'icon_button.accessibility_label': 75,
  'positive_button.text': 75,
  'negative_button.text': 75,
  'positive_button.accessibility_label': 75,
  'negative_button.accessibility_label': 75,
  'image.image_url': 3_000,
  'confirm.title': 100,
  'confirm.text': 300,
  'confirm.confirm': 30,
  'confirm.deny': 30,
  'option_groups.label': 75,
  ...Object.fromEntries(
    ['options', 'initial_options', 'initial_option'].flatMap((option) => [
      [`${option}.text`, 75],
      [`${option}.description`, 75],
      [`${option}.value`, 150],
      [`${option}.url`, 3_000],
    ]),
  ),
}

const MOST_MEMBERS: Readonly<Record<string, number>> = {
  'section.fields': 10,
  'context.elements': 10,
  'context_actions.elements': 5,
  'actions.elements': 25,
  'carousel.elements': 10,
  'container.child_blocks': 10,
  'checkboxes.options': 10,
  'radio_buttons.options': 10,
  'overflow.options': 5,
  'static_select.options': 100,
  'static_select.option_groups': 100,
  'multi_static_select.options': 100,
  'multi_static_select.option_groups': 100,
  'option_groups.options': 100,
  'table.rows': 100,
}

/** Of any object. */
const ANYWHERE: ReadonlyMap<string, number> = new Map([
  ['placeholder', 150],
  ['block_id', 255],
  ['action_id', 255],
])

const LISTS = ['fields', 'elements']

export function isBlock(block: unknown): boolean {
  const given = Object(block)
  const areLists = LISTS.every((name) => given[name] === undefined || Array.isArray(given[name]))
  return typeof given.type === 'string' && areLists && fits(given, 'blocks', '')
}

function fits(value: unknown, owner: string, field: string): boolean {
  const place = `${owner}.${field}`
  const most = MOST_CHARACTERS[place] ?? ANYWHERE.get(field)
  if (typeof value === 'string') return value.length <= (most ?? Number.POSITIVE_INFINITY)
  if (typeof value !== 'object' || value === null) return true
  if (Array.isArray(value))
    return (
      value.length <= (MOST_MEMBERS[place] ?? Number.POSITIVE_INFINITY) &&
      value.every((member) => fits(member, owner, field))
    )
  const { type, text } = Object(value)
  if (type === 'mrkdwn' || type === 'plain_text')
    return typeof text === 'string' && text.length > 0 && text.length <= (most ?? 3_000)
  const name = typeof type === 'string' ? type : field
  return Object.entries(value).every(([key, held]) => fits(held, name, key))
}
