/** Owns what `--keep` says: where everything is, and how to write a client by hand. */

import type { Runtime } from './runtimes.ts'
import type { Pad } from './ship.ts'

export function printKeep(
  flights: readonly { readonly pad: Pad; readonly runtime: Runtime; readonly say: (line: string) => void }[],
): void {
  for (const { pad, runtime, say } of flights) {
    const { dynamodb, search } = pad.ship.endpoints
    console.log(`\n${runtime.name} (process ${runtime.pid})`)
    for (const [name, url] of Object.entries(pad.ship.endpoints)) console.log(`  ${name.padEnd(9)} ${url}`)
    const item = JSON.stringify({
      id: { S: 'hooli' },
      name: { S: 'Hooli' },
      plan: { S: 'trial' },
      seats: { N: '12' },
    })
    console.log(`
  Save a client with the AWS CLI:
    AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local aws dynamodb put-item --region us-east-1 \\
      --endpoint-url ${dynamodb} --table-name clients --item '${item}'
  or with curl:
    curl -s ${dynamodb} -H 'content-type: application/x-amz-json-1.0' -H 'x-amz-target: DynamoDB_20120810.PutItem' \\
      -H 'authorization: AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0' \\
      -d '{"TableName":"clients","Item":${item}}'
  Then look for it:
    curl -s '${search}/clients/_search' -H 'content-type: application/json' -d '{"query":{"match":{"name":"hooli"}}}'`)
    follow(pad, say)
  }
  console.log('\nMessages show here as they come. Ctrl-C ends it.')
}

function follow({ ship }: Pad, say: (line: string) => void): void {
  const told = new Set(ship.slack.messages)
  const next = (): void => {
    ship.slack
      .waitFor((message) => !told.has(message), { timeoutMs: 86_400_000 })
      .then(
        (message) => {
          told.add(message)
          say(`${message.channel}: ${message.text}`)
          next()
        },
        // Slack was closed.
        () => {},
      )
  }
  next()
}
