/**
 * `node write.ts PROGRAM URL INDEX`: the milliseconds, and those of CPU, in which a program brings change records into an index: JSON on one
 * line. Both bring the same records in again and again, as one process that lives long, and the first time is not counted.
 */

import { unmarshall } from '@aws-sdk/util-dynamodb'
import { Client as SearchClient } from '@opensearch-project/opensearch'
import { reactor } from '@spaceship/core'
import { createEngine } from '@spaceship/core/engine'
import { memoryDeadLetters, memoryState } from '@spaceship/core/memory'
import { silent } from '@spaceship/core/ports'
import { createSearch } from '@spaceship/handlers/opensearch'
import { Client, clientRecords, clientSchema } from '../clients.ts'

const [program = '', node = '', index = ''] = process.argv.slice(2)
const COUNT = 20_000
const PASSES = 5
const PAGE = 1_000

const records = clientRecords(COUNT).modifies.map((json) => Buffer.from(json))
const client = new SearchClient({ node, maxRetries: 0 })

interface Change {
  readonly eventName: string
  readonly dynamodb: {
    readonly ApproximateCreationDateTime: number
    readonly NewImage: Parameters<typeof unmarshall>[0]
  }
}

/** As one would write it by hand: the client's own helper, which reads documents from whatever can be walked. */
async function helper(version: number): Promise<void> {
  function* changes() {
    for (const bytes of records) {
      const { dynamodb } = JSON.parse(bytes.toString('utf8')) as Change
      yield clientSchema.parse(unmarshall(dynamodb.NewImage))
    }
  }
  const { failed } = await client.helpers.bulk({
    datasource: [...changes()],
    onDocument: (document: object) => [
      { index: { _index: index, _id: Object(document).id, version, version_type: 'external' } },
      document,
    ],
    flushBytes: 5_000_000,
    concurrency: 4,
  } as never)
  if (failed > 0) throw new Error(`${failed} were refused`)
}

/** As a worker does: one engine, and one delivery of a shard. */
async function reacting(): Promise<(version: number) => Promise<void>> {
  const search = createSearch({ client })
  const indexing = reactor('indexing').on(
    'index',
    Client.saved('saved'),
    search.index({ index, id: (event) => event.after.id, document: (event) => event.after }),
  )
  const deadLetters = memoryDeadLetters()
  const engine = createEngine({
    application: 'bench',
    reactors: [indexing],
    state: memoryState(),
    deadLetters,
    logger: silent,
    concurrency: 4_000,
  })
  const delivery = await engine.open({ stream: 's', shard: '0', redelivers: 'none' })
  return async (version) => {
    for (let n = 0; n < records.length; n += PAGE)
      await delivery.push(
        records.slice(n, n + PAGE).map((data, place) => ({
          sequence: String(version * COUNT + n + place + 1),
          subSequence: 0,
          partitionKey: String(n + place),
          data,
          arrivedAt: new Date(),
        })),
      )
    await delivery.quiet()
    if (!delivery.complete) throw new Error('not all were written')
    for await (const letter of deadLetters.list('bench')) throw new Error(letter.detail)
  }
}

const run = program === 'ours' ? await reacting() : helper
await run(1)
const cpu = process.cpuUsage()
const began = performance.now()
for (let version = 2; version < 2 + PASSES; version += 1) await run(version)
const { user, system } = process.cpuUsage(cpu)
const measured = { ms: performance.now() - began, cpu: (user + system) / 1_000, count: COUNT * PASSES }
console.log(JSON.stringify(measured))
// What the engine has yet to look at keeps the process.
process.exit(0)
