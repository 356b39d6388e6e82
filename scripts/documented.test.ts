/** An editor says what an option is, in which type soever it stands. */

import { expect, test } from 'vitest'
import { optionsIn } from './documented.ts'
import { packages, ROOT } from './packages.ts'

const files = packages.flatMap(({ folder, entries }) => entries.map((entry) => `${folder}/${entry.slice(2)}`))
// Two packages have a LambdaOptions: the runtime's comes first, and stands.
const docs = new Map(
  optionsIn(ROOT, 'tsconfig.json', files)
    .toReversed()
    .map(({ of, name, comment, standard, tags }) => [
      `${of}.${name}`,
      [comment, ...(standard === undefined ? [] : [`@default ${standard}`]), ...tags].join(' ').trim(),
    ]),
)

/** Options whose name says it all, or nearly: no other may be without a comment. */
const BARE = `
  EngineOptions: reactors
  EventBridgeSchedulerOptions: client
  DynamoDBDeadLettersOptions: client
  DynamoDBReferencesOptions: client
  DynamoDBStateOptions: client
  JsonLinesOptions: clock
  KinesisSinkOptions: client stream clock random
  LambdaOptions: stream startingPosition
  LaunchOptions: tables
  PostOptions: signal
  PublisherOptions: stream
  RedisReferencesOptions: command
  RedriveOptions: application deadLetters
  RemindersOptions: state scheduler
  SearchOptions: signal
  ShipLambdaOptions: stream startingPosition
  StreamOptions: stream name
  TableOptions: name
  UnavailableOptions: setup cause
  WorkerOptions: streams leases poll dynamodb
`
const bare = new Set(
  BARE.trim()
    .split('\n')
    .flatMap((line) => {
      const [type = '', names = ''] = line.trim().split(': ')
      return names.split(' ').map((name) => `${type}.${name}`)
    }),
)

test('every option has a comment', () => {
  const types = new Set([...docs.keys()].map((option) => option.split('.')[0]))
  expect(types.size).toBeGreaterThan(25)
  expect([...docs].filter(([option, text]) => text === '' && !bare.has(option))).toEqual([])
})

test("the options of the runtimes say what the engine's say", () => {
  const ofEngine = [...docs].filter(([option, text]) => option.startsWith('EngineOptions.') && text !== '')
  expect(ofEngine.length).toBeGreaterThan(10)
  for (const runtime of ['LambdaOptions', 'WorkerOptions']) {
    for (const [option, text] of ofEngine) {
      const own = docs.get(option.replace('EngineOptions', runtime))
      // A worker says of its stores what they are if they are left out.
      if (!(runtime === 'WorkerOptions' && /state|deadLetters/.test(option)))
        expect(own, `${runtime}: ${option}`).toBe(text)
    }
  }
})
