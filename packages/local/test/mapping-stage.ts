import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  CreateStreamCommand,
  DescribeStreamCommand,
  KinesisClient,
  PutRecordsCommand,
} from '@aws-sdk/client-kinesis'
import { afterEach, beforeEach, vi } from 'vitest'
import { type FaultSource, faultSource } from '../src/faults/index.ts'
import { startKinesis } from '../src/kinesis/index.ts'
import { type LambdaOptions, type Mapping, startLambda } from '../src/lambda/index.ts'

export const STREAM = 'clients-cdc'
export const fixture = (name: string) =>
  fileURLToPath(new URL(`./fixtures/lambda/${name}.mjs`, import.meta.url))

/** One invocation, as the fixtures write it into the journal. */
export interface Run {
  readonly pid: number
  readonly records: readonly string[]
  /** Of the module that ran it, where the fixture tells it. */
  readonly module?: string
  readonly version?: string
}

export interface Item {
  readonly id: string
  readonly fail?: string
  readonly key?: string
  readonly pad?: string
}

/** A Kinesis and a folder for each test, and mappings that end with it. */
export function mappingStage() {
  let faults: FaultSource
  let kinesis: Awaited<ReturnType<typeof startKinesis>>
  let client: KinesisClient
  let folder: string
  let mappings: Mapping[]
  const lines: string[] = []

  beforeEach(async () => {
    faults = faultSource(1)
    kinesis = await startKinesis({ faults })
    client = new KinesisClient(config())
    folder = mkdtempSync(join(tmpdir(), 'spaceship-'))
    writeFileSync(journal(), '')
    mappings = []
    lines.length = 0
  })
  afterEach(async () => {
    await Promise.all(mappings.map((mapping) => mapping.close()))
    client.destroy()
    await kinesis.close()
    rmSync(folder, { recursive: true })
  })

  const config = () => ({
    endpoint: kinesis.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 's' },
  })
  const inFolder = (name: string) => join(folder, name)
  const journal = () => inFolder('journal')
  const ran = (): readonly Run[] =>
    readFileSync(journal(), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line))

  const isActive = async () =>
    (await client.send(new DescribeStreamCommand({ StreamName: STREAM }))).StreamDescription?.StreamStatus ===
    'ACTIVE'

  return {
    get client() {
      return client
    },
    get faults() {
      return faults
    },
    /** What the mappings logged. */
    lines,
    config,
    journal,
    inFolder,
    ran,
    batches: () => ran().map(({ records }) => records.join('')),
    isActive,
    async createStream(shards = 1) {
      await client.send(new CreateStreamCommand({ StreamName: STREAM, ShardCount: shards }))
      await vi.waitUntil(isActive)
    },
    async put(...items: readonly Item[]) {
      const Records = items.map((item) => ({
        PartitionKey: item.key ?? 'k',
        Data: Buffer.from(JSON.stringify(item)),
      }))
      await client.send(new PutRecordsCommand({ StreamName: STREAM, Records }))
    },
    async map(
      options: Partial<LambdaOptions> = {},
      surroundings: Parameters<typeof startLambda>[1] = {},
    ): Promise<Mapping> {
      const mapping = await startLambda(
        {
          handler: fixture('report'),
          stream: STREAM,
          kinesis: config(),
          environment: { JOURNAL: journal() },
          pollIntervalMs: 5,
          retryBackoffMs: 1,
          log: (line) => lines.push(line),
          ...options,
        },
        surroundings,
      )
      mappings.push(mapping)
      return mapping
    },
  }
}
