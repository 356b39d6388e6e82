import { ScanCommand } from '@aws-sdk/client-dynamodb'
import { expect, test } from 'vitest'
import { folders } from '../test/folders.ts'
import { killedWriter } from '../test/killed.ts'
import { type ChangeRecord, fly } from '../test/ship.ts'

const folder = folders()

/** The versions of each item in the stream, and in the table. */
async function foundIn(data: string) {
  await using flight = await fly({ data })
  const changes = await flight.changesOf('clients-cdc')
  const { Items = [] } = await flight.dynamodb.send(
    new ScanCommand({ TableName: 'clients', ConsistentRead: true }),
  )
  const table = new Map(Items.map(({ id, version }) => [id?.S ?? '', Number(version?.N)]))
  return { changes, table }
}

const versionIn = (image: Record<string, unknown> | undefined) => Number(Object(image?.version).N)

/** Each change in the order of its first arrival: a record may come twice around a kill, one change never goes. */
function lanesOf(changes: readonly ChangeRecord[]): Map<string, ChangeRecord[]> {
  const lanes = new Map<string, ChangeRecord[]>()
  const seen = new Set<string>()
  for (const change of changes) {
    if (seen.has(change.eventID)) continue
    seen.add(change.eventID)
    const id = change.dynamodb.Keys.id?.S ?? ''
    lanes.set(id, [...(lanes.get(id) ?? []), change])
  }
  return lanes
}

function expectChains(changes: readonly ChangeRecord[], table: ReadonlyMap<string, number>): void {
  const lanes = lanesOf(changes)
  for (const lane of lanes.values()) {
    const times = lane.map(({ dynamodb }) => dynamodb.ApproximateCreationDateTime)
    expect(times).toEqual([...new Set(times)].sort((one, other) => one - other))
    for (const [index, { dynamodb }] of lane.entries())
      expect(dynamodb.OldImage).toEqual(lane[index - 1]?.dynamodb.NewImage)
  }
  const last = [...lanes].map(([id, lane]) => [id, versionIn(lane.at(-1)?.dynamodb.NewImage)] as const)
  expect(new Map(last)).toEqual(table)
}

test('kill -9 in the middle of writes loses no write that was answered, and no change of one', async () => {
  const data = folder()
  for (const [round, lines] of [40, 1].entries()) {
    const answered = await killedWriter(data, { mode: 'puts', round, lines })
    const { changes, table } = await foundIn(data)
    const inStream = new Set(
      changes.map(({ dynamodb: { Keys, NewImage } }) => `${Keys.id?.S} ${versionIn(NewImage)}`),
    )
    expect(answered.filter(({ lane, version }) => !inStream.has(`${lane} ${version}`))).toEqual([])
    for (const { lane, version } of answered) expect(table.get(lane)).toBeGreaterThanOrEqual(version)
    expectChains(changes, table)
  }
})

test('changes that had not reached the stream come after a kill, each once and in order', async () => {
  const data = folder()
  const answered = await killedWriter(data, { mode: 'delayed', lines: 30 })
  const { changes, table } = await foundIn(data)
  expect(changes.length).toBeGreaterThanOrEqual(answered.length)
  expect(new Set(changes.map(({ eventID }) => eventID)).size).toBe(changes.length)
  expectChains(changes, table)
})

test('kill -9 leaves a transaction whole or not at all', async () => {
  const data = folder()
  for (const [round, lines] of [12, 3].entries()) {
    const answered = await killedWriter(data, { mode: 'transactions', round, lines })
    const { changes, table } = await foundIn(data)
    for (const lane of ['x', 'y', 'z']) {
      const [first, ...others] = ['a', 'b', 'c'].map((part) => table.get(`${lane}-${part}`))
      expect(others).toEqual([first, first])
    }
    for (const { lane, version } of answered) expect(table.get(`${lane}-a`)).toBeGreaterThanOrEqual(version)
    expectChains(changes, table)
  }
})
