/** `spaceship publish`: an event on the stream of the running ship, as a service would publish it. */

import { KinesisClient } from '@aws-sdk/client-kinesis'
import { publisher } from '@spaceship/handlers/kinesis'
import type { Command } from 'commander'
import { exampleOf } from '../project/index.ts'
import { runningShip } from '../ship/index.ts'
import { usage } from '../show/index.ts'
import { fits, objectFrom } from './json.ts'
import { named } from './named.ts'
import { type Common, knownProject, projectOf } from './project.ts'
import type { Terminal } from './terminal.ts'

interface Options extends Common {
  readonly id?: string
  readonly stream?: string
}

export function addPublish(program: Command, terminal: Terminal): void {
  program
    .command('publish')
    .summary('publish an event into the running ship')
    .description(
      "Publishes an event on a stream of the ship that 'spaceship dev' runs, after its schema has taken the payload.",
    )
    .argument('<event>', 'the name of the event')
    .argument('[json]', 'the payload; @file reads a file, - what is piped in')
    .option('--id <id>', 'names the fact: published twice under one id it is one event (default: random)')
    .option('--stream <name>', "the stream (default: the first of the config's)")
    .option('--json', 'the answer as JSON')
    .addHelpText(
      'after',
      `\nExamples:\n  $ spaceship publish invoice.paid '{"clientId": "acme", "amount": 4200}'\n  $ spaceship publish invoice.paid @paid.json --id invoice-7`,
    )
    .action(async (name: string, json: string | undefined, _, command: Command) => {
      const options = command.optsWithGlobals<Options>()
      const project = await projectOf(terminal, options)
      const { environment } = await runningShip(project)
      const { published } = await knownProject(terminal, project, environment)
      const event = named('published event', name, published)
      const { streams } = project.config
      const stream = options.stream ?? streams[0] ?? ''
      if (!streams.includes(stream))
        throw usage(`the ship has no stream '${stream}' for this project: expected ${streams.join(', ')}`)
      if (json === undefined) {
        const example = JSON.stringify(exampleOf(event.spec.schema) ?? {})
        throw usage(
          `the payload is missing: expected JSON, such as\n  spaceship publish ${name} '${example}'`,
        )
      }
      const payload = await objectFrom(terminal, json)
      await fits(event.spec.schema, payload, `the payload of ${name}`)
      const client = new KinesisClient()
      const id = options.id ?? crypto.randomUUID()
      await publisher({ stream, client, source: 'spaceship-cli' })(event, payload, { id })
      client.destroy()
      if (options.json) terminal.out(JSON.stringify({ published: { event: name, id, stream } }))
      else terminal.out(`published ${name} ${id} on ${stream}`)
    })
}
