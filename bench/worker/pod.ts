/**
 * `node pod.ts APPLICATION STREAM [COUNT]`: a worker on the embedded ship that the environment names, its stores left to their defaults. It prints a line of
 * JSON for each lease that it takes and each client that it sees; with a count it prints, after so many clients, what the process has cost, and ends.
 */

import { reactor } from '@spaceship/core'
import { worker } from '@spaceship/runtime-k8s'
import { Client } from '../clients.ts'
import { endWithCost, tell } from './lines.ts'

const [application = '', stream = '', count = '0'] = process.argv.slice(2)
let left = Number(count)

function saw(id: string): void {
  if (count === '0') tell({ seen: id })
  left -= 1
  if (left === 0) endWithCost()
}

const see = reactor('bench').on('see', Client.saved('client.saved'), (e) => saw(e.after.id))
await worker([see], {
  application,
  streams: [stream],
  logger: {
    debug: () => {},
    info: (message, fields) => {
      if (message === 'lease taken') tell({ taken: fields?.shard })
    },
    warn: () => {},
    error: console.error,
  },
}).run()
