/** `node plain.ts STREAM SHARDS COUNT`: reads so many change records of the embedded ship with the client alone, and prints what the process has cost. */

import { KinesisClient } from '@aws-sdk/client-kinesis'
import { readBare, tableOf } from './bare.ts'
import { endWithCost } from './lines.ts'

const [stream = '', shards = '0', count = '0'] = process.argv.slice(2)
let left = Number(count)

await readBare(new KinesisClient(), { stream, shards: Number(shards) }, (data) => {
  if (tableOf(data) === 'clients') left -= 1
  if (left === 0) endWithCost()
})
