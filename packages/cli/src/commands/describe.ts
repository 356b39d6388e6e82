/** `spaceship describe`: what a project is made of. Nothing runs, and nobody is called. */

import type { RouteDescription, ScheduleDescription } from '@spaceship/core/engine'
import type { Command } from 'commander'
import { offline } from '../project/index.ts'
import { paint, table, took } from '../show/index.ts'
import { type Description, descriptionOf } from './description.ts'
import { mapOf } from './map.ts'
import { type Common, knownProject, projectOf } from './project.ts'
import type { Terminal } from './terminal.ts'

interface Options extends Common {
  readonly mermaid?: boolean
}

export function addDescribe(program: Command, terminal: Terminal): void {
  program
    .command('describe')
    .summary('what the project is made of')
    .description(
      'Shows entities, events, reminders, schedules, and the routes of all reactors with their effects,\nretries, stages and what their handlers need. Nothing runs, and nobody is called.',
    )
    .option('--mermaid', 'a map, as a Mermaid flowchart')
    .option('--json', 'data with a version, for machines')
    .addHelpText(
      'after',
      '\nExamples:\n  $ spaceship describe\n  $ spaceship describe --mermaid > map.mmd\n  $ spaceship describe --json | jq .routes',
    )
    .action(async (_, command: Command) => {
      const options = command.optsWithGlobals<Options>()
      const project = await projectOf(terminal, options)
      const description = descriptionOf(project.config, await knownProject(terminal, project, offline))
      if (options.json) terminal.out(JSON.stringify(description, null, 2))
      else if (options.mermaid) terminal.out(mapOf(description))
      else terminal.out(forPeople(description))
    })
}

function forPeople(description: Description): string {
  const { application, streams, entities, events, reminders, routes } = description
  const sections = [
    entities.length === 0
      ? []
      : table(
          ['entity', 'table', 'key', 'only rows with'],
          entities.map(({ name, table: at, key, when }) => [
            name,
            at,
            key.join(' + '),
            when === undefined ? '' : typeof when === 'string' ? when : JSON.stringify(when),
          ]),
        ),
    events.length === 0
      ? []
      : table(
          ['event', 'when'],
          events.map(({ name, entity, on = [], by, fields }) => [
            name,
            entity === undefined
              ? 'published'
              : `${entity} ${on.join(' or ')}${by === undefined ? '' : ` by ${by}`}${fields === undefined ? '' : `, pattern of ${fields.join(', ')}`}`,
          ]),
        ),
    reminders.length === 0
      ? []
      : table(
          ['reminder', 'unless it no longer holds for'],
          reminders.map(({ name, unless = '-' }) => [name, unless]),
        ),
    table(
      ['route', 'on', 'effect', 'retries', 'then', 'stages', 'needs'],
      routes.map((route) => [
        route.route,
        route.schedule === undefined ? route.events.join(', ') : whenOf(route.schedule),
        route.effect,
        retriesOf(route),
        route.whenExhausted,
        route.stages.join(', '),
        route.needs.map(({ verb, target }) => `${verb} ${target}`).join(', '),
      ]),
    ),
    ...grantsTable(routes),
  ]
  return [`${paint('bold', application)} reads ${streams.join(', ')}`, ...sections.flat()].join('\n\n')
}

/** What the handlers' factories say that a deployment has to give them. */
function grantsTable(routes: readonly RouteDescription[]): string[] {
  const rows = new Map<string, string[]>()
  for (const { route, needs } of routes)
    for (const { grants = [], endpoints = [], secrets = [] } of needs) {
      const given = [
        ...grants.map(({ actions, resources }) => ['grant', actions.join(', '), resources.join(', ')]),
        ...endpoints.map((url) => ['reach', url, '']),
        ...secrets.map((name) => ['secret', name, '']),
      ]
      for (const [what = '', name = '', on = ''] of given) {
        const key = JSON.stringify([what, name, on])
        rows.set(key, [
          ...(rows.get(key) ?? [what, name, on]).slice(0, 3),
          [...(rows.get(key)?.slice(3) ?? []), route].join(', '),
        ])
      }
    }
  return rows.size === 0 ? [] : [table(['needs', 'what', 'on', 'for'], [...rows.values()])]
}

const whenOf = ({ each, cron }: ScheduleDescription): string =>
  each === undefined ? `cron ${cron?.expression} in ${cron?.zone}` : `every ${took(each)}`

const retriesOf = ({ retry: { attempts, base, max } }: RouteDescription): string =>
  attempts === 1 ? 'none' : `${attempts - 1}, after ${took(base)} to ${took(max)}`
