import { createHash } from 'node:crypto'
import { type AwsFault, type Fields, fieldsOf, isFields, type Reply, type Request } from '../http/index.ts'
import { bytesOf } from './records.ts'
import { ON_DEMAND, rateExceeded, throttledOnDemand } from './refusals.ts'
import { tooLarge } from './sizes.ts'
import { answered, listOf, type Operation, refused, type Stage, withInput } from './stage.ts'
import { openShards, type Stream, streamIn } from './stream.ts'

export const putRecord: Operation = async (stage, input, request) => {
  const refusal = throttledOnDemand(stage.faults) ?? (await tooLarge(stage, input, [input], () => 'data'))
  if (refusal !== undefined) return refused(refusal)
  const [exceeded] = await exceedingLimits(stage, input, [input])
  return exceeded === undefined ? stage.forward(request) : refused(exceeded)
}

/** Single records may fail, by the switch or at the limits of their shards; the others arrive. */
export const putRecords: Operation = async (stage, input, request) => {
  const records = listOf(input.Records)
  const refusal =
    throttledOnDemand(stage.faults) ??
    (await tooLarge(stage, input, records, (index) => `records.${index + 1}.member.data`))
  if (refusal !== undefined) return refused(refusal)

  const share = stage.faults.state().throttle.putRecords
  const struck = records.map(() => (stage.faults.strikes(share) ? ON_DEMAND : undefined))
  const left = records.filter((_, index) => struck[index] === undefined)
  const exceeding = await exceedingLimits(stage, input, left)
  const failures = struck.map((failure) => failure ?? exceeding.shift())
  return putOthers(stage, input, request, failures)
}

/** Passes the records on that have no failure, and answers for all of them in their order. */
async function putOthers(
  { forward }: Stage,
  input: Fields,
  request: Request,
  failures: readonly (AwsFault | undefined)[],
): Promise<Reply> {
  const passed = listOf(input.Records).filter((_, index) => failures[index] === undefined)
  if (passed.length === failures.length) return forward(request)
  const reply =
    passed.length > 0 ? await forward(withInput(request, { ...input, Records: passed })) : undefined
  const output =
    reply === undefined ? { Records: [] } : reply.status === 200 ? fieldsOf(reply.body) : undefined
  if (reply !== undefined && output === undefined) return reply
  const arrived = [...listOf(output?.Records)]
  return answered({
    FailedRecordCount: failures.length - passed.length,
    Records: failures.map((failure) =>
      failure === undefined ? arrived.shift() : { ErrorCode: failure.type, ErrorMessage: failure.message },
    ),
  })
}

/** Of each record, whether its shard is at its limit. Costs nothing while the limits are off. */
async function exceedingLimits(
  { call, faults, limits }: Stage,
  input: Fields,
  records: readonly unknown[],
): Promise<(AwsFault | undefined)[]> {
  const none = records.map(() => undefined)
  if (!faults.state().limits.kinesis || records.length === 0) return none
  const answer = await call('DescribeStream', { StreamName: input.StreamName })
  if (!answer.ok) return none
  const stream = streamIn(answer.output)
  return records.map((record) => {
    const shard = shardOf(stream, record)
    if (shard === undefined || limits.write(stream.name, shard, bytesOf(record))) return undefined
    return rateExceeded(stream.name, shard)
  })
}

/** Which shard a record goes to; nothing for a record that kinesalite refuses. */
function shardOf(stream: Stream, record: unknown): string | undefined {
  if (!isFields(record)) return undefined
  const { ExplicitHashKey: explicit, PartitionKey: key } = record
  const hash =
    typeof explicit === 'string' && /^\d{1,39}$/.test(explicit)
      ? BigInt(explicit)
      : BigInt(`0x${createHash('md5').update(String(key)).digest('hex')}`)
  return openShards(stream).find(({ from, to }) => from <= hash && hash <= to)?.id
}
