/** Owns what `--keep` says: where everything is, and how to write a client by hand. */

import type { Say } from './console.ts'
import type { Runtime } from './runtimes.ts'
import type { Pad } from './ship.ts'
import { seenByPeople } from './slack-text.ts'

const ITEM = `{"id":{"S":"hooli"},"name":{"S":"Hooli"},
       "plan":{"S":"trial"},"seats":{"N":"12"}}`

export function printKeep(
  flights: readonly { readonly pad: Pad; readonly runtime: Runtime; readonly say: Say }[],
): void {
  for (const { pad, runtime, say } of flights) {
    const { dynamodb, search } = pad.ship.endpoints
    console.log(`\n${runtime.name} (process ${runtime.pid})`)
    for (const [name, url] of Object.entries(pad.ship.endpoints)) console.log(`  ${name.padEnd(9)} ${url}`)
    console.log(`
  Save a client with the AWS CLI:
    AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local aws dynamodb put-item \\
      --region us-east-1 --endpoint-url ${dynamodb} \\
      --table-name clients --item \\
      '${ITEM}'
  or with curl:
    curl -s ${dynamodb} \\
      -H 'content-type: application/x-amz-json-1.0' \\
      -H 'x-amz-target: DynamoDB_20120810.PutItem' -d \\
      '{"TableName":"clients","Item":
       ${ITEM}}'
  Then look for it:
    curl -s '${search}/clients/_search' \\
      -H 'content-type: application/json' \\
      -d '{"query":{"match":{"name":"hooli"}}}'`)
    follow(pad, say)
  }
  console.log('\nMessages show here as they come. Ctrl-C ends it.')
}

function follow({ ship }: Pad, say: Say): void {
  const told = new Set(ship.slack.messages)
  const next = (): void => {
    ship.slack
      .waitFor((message) => !told.has(message), { timeoutMs: 86_400_000 })
      .then(
        (message) => {
          told.add(message)
          say(`${message.channel}: ${seenByPeople(message.text)}`)
          next()
        },
        // Slack was closed.
        () => {},
      )
  }
  next()
}
