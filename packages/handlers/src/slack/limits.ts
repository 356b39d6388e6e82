/**
 * Owns the numbers of Slack's Block Kit. A place is the type of the object that holds a field, and the field; what has no type is named by
 * what it is: an option, a group of options, a dialog that confirms. `*` is any object.
 *
 * https://docs.slack.dev/reference/block-kit and, for cards, containers and carousels, the documentation in `@slack/types` 3.2.0
 */

/** Characters of what a reader reads, which is cut. */
export const READ = places({
  12000: 'markdown.text',
  3000: 'section.text context.elements',
  2000: 'section.fields image.alt_text image.title input.label input.hint',
  300: 'confirm.text',
  200: 'alert.text card.body',
  // "Less than 200", and "less than 50".
  199: 'video.title video.description',
  150: 'header.text card.title card.subtitle container.title container.subtitle *.placeholder',
  100: 'confirm.title',
  75:
    'button.text button.accessibility_label workflow_button.text workflow_button.accessibility_label icon_button.accessibility_label ' +
    'option.text option.description option_group.label',
  49: 'video.author_name',
  30: 'confirm.confirm confirm.deny',
})

/** Characters of what a program reads: cut it would be something else, so it is refused. */
export const EXACT = places({
  3000: 'button.url option.url image.image_url',
  2000: 'button.value',
  255: '*.block_id *.action_id',
  150: 'option.value',
})

/** Members of a list. */
export const MEMBERS = places({
  100:
    'static_select.options static_select.option_groups multi_static_select.options multi_static_select.option_groups ' +
    'option_group.options table.rows',
  25: 'actions.elements',
  10: 'section.fields context.elements carousel.elements container.child_blocks checkboxes.options radio_buttons.options',
  5: 'context_actions.elements overflow.options',
})

/** Characters of any other text. */
export const LONGEST_TEXT = 3_000

/** Of a message. For the sum of characters see https://github.com/slackapi/bolt-js/issues/2509; that of `markdown` is documented. */
export const MESSAGE = { blocks: 50, characters: 13_200, markdown: 12_000 }

/** What objects without a type are, by the field that holds them. */
export const ROLES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    confirm: 'confirm',
    option_groups: 'option_group',
    options: 'option',
    initial_option: 'option',
    initial_options: 'option',
    positive_button: 'button',
    negative_button: 'button',
  }),
)

/** The number of a place, if there is one. */
export function limitOf(limits: ReadonlyMap<string, number>, owner: string, field: string) {
  return limits.get(`${owner}.${field}`) ?? limits.get(`*.${field}`)
}

function places(byNumber: Readonly<Record<number, string>>): ReadonlyMap<string, number> {
  return new Map(
    Object.entries(byNumber).flatMap(([number, names]) =>
      names.split(' ').map((name) => [name, Number(number)] as const),
    ),
  )
}
