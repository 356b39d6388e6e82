/** `spaceship put` and `spaceship remove`: rows of entities in the running ship, checked as the reactors will read them. */

import { DeleteItemCommand, DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { marshal, unmarshal } from '@spaceship/core'
import { differenceFrom, equalities } from '@spaceship/core/adapter'
import { classified } from '@spaceship/handlers/aws'
import type { Command } from 'commander'
import { type EntitySpec, exampleOf } from '../project/index.ts'
import { runningShip } from '../ship/index.ts'
import { usage } from '../show/index.ts'
import { type Fields, fits, objectFrom } from './json.ts'
import { named } from './named.ts'
import { type Common, knownProject, projectOf } from './project.ts'
import type { Terminal } from './terminal.ts'

export function addWrites(program: Command, terminal: Terminal): void {
  program
    .command('put')
    .summary('write an entity into the running ship')
    .description(
      "Writes a row of an entity into the ship that 'spaceship dev' runs, after its schema has taken it. What the\nreactors make of it is shown by 'dev'.",
    )
    .argument('<entity>', 'the name of the entity')
    .argument('[json]', 'the whole item; @file reads a file, - what is piped in')
    .option('--json', 'the answer as JSON')
    .addHelpText(
      'after',
      `\nExamples:\n  $ spaceship put client '{"id": "acme", "plan": "trial"}'\n  $ spaceship put client @acme.json\n  $ jq .client all.json | spaceship put client -`,
    )
    .action(async (name: string, json: string | undefined, _, command: Command) => {
      const options = command.optsWithGlobals<Common>()
      const { spec, client } = await tabled(terminal, options, name)
      if (json === undefined) throw usage(`the item is missing: ${exampleFor(spec)}`)
      const item = await objectFrom(terminal, json, spec.numbers)
      await fits(spec.schema, raised(spec, item), `the ${spec.name}`)
      keyed(spec, item)
      // `marshal` makes the attributes of JSON, which are the SDK's.
      await answered(spec, 'PutItem', () =>
        client.send(new PutItemCommand({ TableName: spec.table, Item: marshal(item) as never })),
      )
      client.destroy()
      tell(terminal, options, 'put', spec, item)
    })

  program
    .command('remove')
    .summary('delete an entity in the running ship')
    .description("Deletes a row of an entity in the ship that 'spaceship dev' runs.")
    .argument('<entity>', 'the name of the entity')
    .argument('<key...>', 'the value of the partition key, then of the sort key if there is one')
    .option('--json', 'the answer as JSON')
    .addHelpText(
      'after',
      "\nExamples:\n  $ spaceship remove client acme\n  $ spaceship remove order 'SHOP#1' 'ORDER#7'",
    )
    .action(async (name: string, values: readonly string[], _, command: Command) => {
      const options = command.optsWithGlobals<Common>()
      const { spec, types, client } = await tabled(terminal, options, name)
      if (values.length !== spec.key.length)
        throw usage(
          `${values.length} values are given: expected ${spec.key.length}, for ${spec.key.map((part) => `'${part}'`).join(' and ')}`,
        )
      const key = Object.fromEntries(
        spec.key.map((part, n) => [part, types[part] === 'N' ? numberIn(part, values[n] ?? '') : values[n]]),
      )
      const Key = marshal(key) as never // of texts and numbers, which are the SDK's
      const { Attributes } = await answered(spec, 'DeleteItem', () =>
        client.send(new DeleteItemCommand({ TableName: spec.table, Key, ReturnValues: 'ALL_OLD' })),
      )
      client.destroy()
      if (Attributes === undefined) {
        terminal.say(
          `no ${spec.name} has the key ${values.join(' ')}: nothing was removed, no reactor hears of it`,
        )
        terminal.fail(1)
      } else tell(terminal, options, 'removed', spec, key)
    })
}

async function tabled(
  terminal: Terminal,
  options: Common,
  name: string,
): Promise<{
  readonly spec: EntitySpec
  /** Of key attributes that are no strings. */
  readonly types: Readonly<Record<string, string>>
  readonly client: DynamoDBClient
}> {
  const project = await projectOf(terminal, options)
  const { environment } = await runningShip(project)
  const { entities, tables } = await knownProject(terminal, project, environment)
  const spec = named('entity', name, entities)
  const { types = {} } = tables.find((table) => table.name === spec.table) ?? {}
  return { spec, types, client: new DynamoDBClient() }
}

/** What the ship refuses is told as an adapter tells it: a table that the running ship does not have, above all. */
async function answered<T>({ table }: EntitySpec, operation: string, send: () => Promise<T>): Promise<T> {
  try {
    return await send()
  } catch (error) {
    const actions = [`dynamodb:${operation}`]
    throw classified({ dependency: 'dynamodb', resource: `table '${table}'`, actions }, error)
  }
}

/** All digits of an integer count: another number is the key of another row. */
function numberIn(part: string, given: string): number | bigint {
  if (/^-?\d+$/.test(given)) return BigInt(given)
  if (given.trim() !== '' && Number.isFinite(Number(given))) return Number(given)
  throw usage(`'${part}' is '${given}': expected a number`)
}

/** As the reactors will see it before its schema does. */
function raised({ upgrade, numbers }: EntitySpec, item: Fields): unknown {
  // What goes through the table comes out as it went in, as far as DynamoDB can keep it.
  const row = unmarshal(marshal(item), numbers)
  return upgrade === undefined ? row : upgrade(row)
}

function keyed({ key, when, name }: EntitySpec, item: Fields): void {
  const missing = key.filter((part) => item[part] === undefined)
  if (missing.length > 0)
    throw usage(`the ${name} has no ${missing.join(' and no ')}: expected its whole key`)
  const other = when && differenceFrom(when, item)
  if (other !== undefined)
    throw usage(
      `the item is no ${name}: expected one ${other.name === undefined ? '' : `whose '${other.name}' `}${other.expected}`,
    )
}

function tell(
  terminal: Terminal,
  { json }: Common,
  verb: 'put' | 'removed',
  { name, table, key }: EntitySpec,
  item: Fields,
): void {
  const own = Object.fromEntries(key.map((part) => [part, item[part]]))
  if (json) terminal.out(JSON.stringify({ [verb]: { entity: name, table, key: own } }))
  else terminal.out(`${verb} ${name} ${Object.values(own).join(' ')} in ${table}`)
}

function exampleFor({ name, schema, when }: EntitySpec): string {
  const example = exampleOf(schema)
  const json = example === undefined ? '{...}' : JSON.stringify({ ...example, ...equalities(when) })
  return `expected JSON, such as\n  spaceship put ${name} '${json}'`
}
