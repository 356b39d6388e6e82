import { isFields } from '../http/index.ts'
import { answered, listOf, type Operation, refused, type Stage, withInput } from './stage.ts'

/** kinesalite never answers AT_TIMESTAMP when no record is as young as that. */
export const getShardIterator: Operation = async (stage, input, request) => {
  const { Timestamp, ...rest } = input
  if (input.ShardIteratorType !== 'AT_TIMESTAMP' || typeof Timestamp !== 'number')
    return stage.forward(request)
  const now = stage.now()
  if (Timestamp * 1_000 > now)
    return refused({
      type: 'InvalidArgumentException',
      message: `The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. timestampInMillis: ${Timestamp * 1_000}, currentTimestampInMillis: ${now}`,
    })
  const start = await stage.forward(withInput(request, { ...rest, ShardIteratorType: 'TRIM_HORIZON' }))
  if (start.status !== 200) return start

  const first = await firstSince(stage, rest, Timestamp)
  if ('iterator' in first) return answered({ ShardIterator: first.iterator })
  const at = { ...rest, ShardIteratorType: 'AT_SEQUENCE_NUMBER', StartingSequenceNumber: first.record }
  return stage.forward(withInput(request, at))
}

/** The first record that arrived at the time or later; while there is none, the place behind the last one. */
async function firstSince(
  { call }: Stage,
  shard: object,
  timestamp: number,
): Promise<{ record: unknown } | { iterator: unknown }> {
  const output = async (operation: string, input: object) => {
    const answer = await call(operation, { ...input })
    return answer.ok ? answer.output : {}
  }
  let { ShardIterator: iterator } = await output('GetShardIterator', {
    ...shard,
    ShardIteratorType: 'TRIM_HORIZON',
  })
  for (;;) {
    const page = await output('GetRecords', { ShardIterator: iterator })
    const records = listOf(page.Records).filter(isFields)
    const found = records.find((record) => Number(record.ApproximateArrivalTimestamp) >= timestamp)
    if (found !== undefined) return { record: found.SequenceNumber }
    if (records.length === 0 || typeof page.NextShardIterator !== 'string') return { iterator }
    iterator = page.NextShardIterator
  }
}
