/**
 * `node read.ts ours|bare|client PORT`: microseconds of CPU per record of this process while it reads the canned stream: a whole worker, leases and
 * checkpoints included, whose one route gets typed events and does nothing; or loops of the client of Kinesis alone, which parse each change record (`bare`) or do not even look at it (`client`).
 */

import { KinesisClient } from '@aws-sdk/client-kinesis'
import { reactor } from '@spaceship/core'
import { worker } from '@spaceship/runtime-k8s'
import { Client } from '../clients.ts'
import { countingTables } from '../leases/table.ts'
import { readBare, tableOf } from './bare.ts'
import { SHARDS } from './shards.ts'

/** Long enough for code to be optimised as in a process that runs for days. */
const WARM = 80_000
const MEASURED = 120_000

const [program = '', port = ''] = process.argv.slice(2)
const kinesis = new KinesisClient({
  region: 'eu-west-1',
  endpoint: `http://127.0.0.1:${port}`,
  credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' },
})
let seen = 0
let began = process.cpuUsage()

function saw(): void {
  seen += 1
  if (seen === WARM) began = process.cpuUsage()
  if (seen < WARM + MEASURED) return
  const { user, system } = process.cpuUsage(began)
  console.log((user + system) / MEASURED)
  process.exit()
}

async function ours(): Promise<void> {
  const see = reactor('bench').on('see', Client.saved('client.saved'), saw)
  await worker([see], {
    application: 'bench',
    streams: ['canned'],
    kinesis,
    // Of this client `send` alone is used; leases are a few requests a second.
    dynamodb: countingTables().client as never,
    logger: { debug: () => {}, info: () => {}, warn: () => {}, error: console.error },
  }).run()
}

if (program === 'ours') await ours()
else
  await readBare(kinesis, { stream: 'canned', shards: SHARDS }, (data) => {
    if (program === 'client' || tableOf(data) === 'clients') saw()
  })
