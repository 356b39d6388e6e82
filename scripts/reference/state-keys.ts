/** Owns the reference of state keys: the tables at the heads of the files that own them. */

import { readFileSync } from 'node:fs'

const SOURCES = {
  'packages/core/src/state/keys.ts': `Every key in the state store begins with the application. \`REACTOR/ROUTE\` is a route, \`IDENTITY\` names an event, \`LANE\` is \`table/key\`; a part that
is longer than 200 characters is its SHA-256.`,
  'packages/core/src/reminders/state.ts': 'A reminder is one item:',
  'packages/core/src/embedded/timeline-keys.ts':
    'What waits for the embedded scheduler, where its timeline is `stateTimeline`:',
  'packages/handlers/src/watch/item.ts': 'How a watch stands is one item:',
  'packages/handlers/src/dynamodb/dead-letters.ts':
    'On DynamoDB dead letters may share the table, under keys of their own:',
  'packages/handlers/src/dynamodb/references.ts':
    'On DynamoDB references may share the table, too, under the `prefix` of `dynamodbReferences`:',
  'packages/handlers/src/redis/keys.ts':
    'On Redis the items of the state store stand under the `prefix` of `redisState`:',
  'packages/handlers/src/redis/timeline.ts': 'The timeline of `redisTimeline` has two keys:',
  'packages/runtime-k8s/src/leases/lease.ts':
    'The lease table is another table. Its rows have the layout of KCL 2.x, in multi-stream mode:',
} as const

export function keysReference(root: string): string {
  const sections = Object.entries(SOURCES).map(([file, words]) => `${words}\n\n${tablesIn(`${root}${file}`)}`)
  return [
    '# State keys',
    'What an operator finds in the tables of an application. Nothing there is to be changed by hand; dead letters go by `spaceship letters`.',
    ...sections,
  ].join('\n\n')
}

/** The tables of the comment at the head of a file. */
function tablesIn(file: string): string {
  const text = readFileSync(file, 'utf8')
  const head = text.slice(0, text.indexOf('*/'))
  const rows = [...head.matchAll(/^ \* (\|.*\|)$/gm)].map(([, row = '']) => row)
  if (rows.length < 3) throw new Error(`${file} has no table at its head`)
  return rows.map((row) => row.replace(/ {2,}/g, ' ').replace(/-{3,}/g, '---')).join('\n')
}
