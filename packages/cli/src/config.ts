/** Owns what a project says of itself: the options of `defineConfig`, checked once. */

import type { Entity, PublishedEvent, Reactor, Reminders } from '@spaceship/core'
import {
  callable,
  called,
  check,
  closed,
  like,
  list,
  record,
  required,
  type ShapesOf,
  text,
} from '@spaceship/core/adapter'
import type { DeadLetters, StateStore } from '@spaceship/core/ports'
import type { IndexKeeper } from '@spaceship/handlers/opensearch'
import type { LaunchOptions, TableOptions } from '@spaceship/local'

/** Environment variables, by name. */
export type Variables = Readonly<Record<string, string | undefined>>

/** One, or several. */
export type Reactors = Reactor | readonly Reactor[]

export interface Config {
  /** The name that scopes leases, state, claims and ids: the one that `lambda()` and `worker()` are given. */
  readonly application: string
  /** The streams that the reactors read. The changes of the embedded ship's tables, and what is published, go into the first. */
  readonly streams: readonly string[]
  /**
   * Makes the reactor, or a list of them. Called by every command but `letters` and `reminders`, with the variables of the running ship, or with endpoints that lead nowhere: it
   * must call nobody.
   */
  readonly reactors: (variables: Variables) => Reactors | Promise<Reactors>
  /** Where the application keeps its dead letters. @default dynamodbDeadLetters on the table `<application>-state`, sorted, as of `worker()` */
  readonly deadLetters?: (variables: Variables) => DeadLetters
  /** Where the application keeps its state. @default dynamodbState on the table `<application>-state`, sorted, as of `worker()` */
  readonly state?: (variables: Variables) => StateStore
  /** The indices that Spaceship keeps, for `spaceship rebuild`: `(variables) => [createSearch({ client }).keeper(clients)]`. @default none */
  readonly indices?: (variables: Variables) => readonly IndexKeeper[]
  /** The application's reminders, for `spaceship reminders`: what `createReminders` made for the reactors. @default none */
  readonly reminders?: (variables: Variables) => Pick<Reminders, 'desk'>
  /** The module that runs the reactors as a worker, from the folder of this file. @default 'src/worker.ts' */
  readonly worker?: string
  /** The module that exports the function `handler`, from the folder of this file. @default 'src/lambda.ts' */
  readonly lambda?: string
  /**
   * Environment variables for processes on the embedded ship, beside its endpoints, and for what makes the reactors. No place for secrets.
   * `dev` makes the state machine of reminders whose ARN is the value of one: `arn:aws:states:us-east-1:000000000000:stateMachine:reminders`.
   *
   * @default none
   */
  readonly variables?: Readonly<Record<string, string>>
  /** Entities that no route names, so that `put` knows them. @default those of the routes */
  readonly entities?: readonly Pick<Entity<unknown>, 'spec'>[]
  /** Events that no route names, so that `publish` knows them. @default those of the routes */
  readonly events?: readonly Pick<PublishedEvent<unknown>, 'name' | 'spec'>[]
  /** Tables of the embedded ship that no entity names, or whose keys are no strings. @default those of the entities */
  readonly tables?: readonly TableOptions[]
  /** Fixed ports of the embedded ship. @default free ones */
  readonly ports?: NonNullable<LaunchOptions['ports']>
}

export const CONFIG = {
  options: closed({
    application: required(text('the name of the application')),
    streams: required(list(text("a stream's name"), 'at least one Kinesis stream', 1)),
    reactors: required(like('a function that makes the reactors: () => [onboarding(...)]', callable.fits)),
    deadLetters: callable,
    reminders: callable,
    state: callable,
    indices: callable,
    worker: text('the path of a module'),
    lambda: text('the path of a module'),
    variables: record({}),
    entities: list(like('what entity() made', (entity) => Array.isArray(Object(entity).spec?.key))),
    events: list(like('what event() made', (event) => Object(event).spec?.kind === 'published')),
    tables: list(like('a table: { name, key }', (table) => typeof Object(table).name === 'string')),
    ports: record({}),
  } satisfies ShapesOf<Config>),
}

/**
 * A project, as the commands of `spaceship` see it: the default export of `spaceship.config.ts`.
 *
 * @throws ConfigurationError that lists every problem
 * @example
 * const config = defineConfig({
 *   application: 'greeter',
 *   streams: ['clients-cdc'],
 *   reactors: () => [greeter],
 * })
 */
export function defineConfig(options: Config): Config {
  check(called('spaceship.config', options?.application), CONFIG, { options }, () => [
    ...Object.entries(Object(Object(options).variables)).flatMap(([name, value]) =>
      typeof value === 'string'
        ? []
        : [`'variables.${name}' is no text: expected one, as environment variables are`],
    ),
  ])
  return options
}
