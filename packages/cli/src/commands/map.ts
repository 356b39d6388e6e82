/** Owns the map of a project as a Mermaid flowchart: from what happens, over the routes, to what their handlers touch. */

import type { Description } from './description.ts'

export function mapOf({ entities, events, reminders, routes }: Description): string {
  const nodes = new Map<string, string>()
  const node = (kind: string, name: string, shape: (label: string) => string): string => {
    const id = `${kind}${[...nodes.keys()].filter((key) => key.startsWith(`${kind}:`)).length}`
    const known = nodes.get(`${kind}:${name}`)
    if (known !== undefined) return known.slice(0, known.search(/\W/))
    nodes.set(`${kind}:${name}`, `${id}${shape(quoted(name))}`)
    return id
  }
  const arrows = routes.flatMap(({ route, events: wanted, schedule, needs }) => {
    const here = node('route', route, (label) => `[${label}]`)
    const causes = wanted.map((name) => {
      const change = events.find((event) => event.name === name && event.entity !== undefined)
      if (change?.entity !== undefined) {
        const table = entities.find((entity) => entity.name === change.entity)?.table
        const label = table === undefined ? change.entity : `${change.entity} in ${table}`
        return `  ${node('entity', label, (text) => `[(${text})]`)} -- ${quoted(name)} --> ${here}`
      }
      if (schedule !== undefined) return `  ${node('clock', 'clock', (text) => `((${text}))`)} --> ${here}`
      const kind = reminders.some((reminder) => reminder.name === name) ? 'reminder' : 'event'
      return `  ${node(kind, name, (text) => `>${text}]`)} --> ${here}`
    })
    const effects = needs.map(({ verb, target }) => {
      const reminder = reminders.some(({ name }) => name === target)
      const there = reminder
        ? node('reminder', target, (text) => `>${text}]`)
        : node('target', target, (text) => `{{${text}}}`)
      return `  ${here} -. ${quoted(verb)} .-> ${there}`
    })
    return [...causes, ...effects]
  })
  return ['flowchart LR', ...[...nodes.values()].map((text) => `  ${text}`), ...new Set(arrows)].join('\n')
}

/** A label of Mermaid holds everything but quotes. */
const quoted = (text: string): string => `"${text.replaceAll('"', "'")}"`
