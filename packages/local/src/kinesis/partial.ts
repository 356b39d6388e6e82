import type { FaultSource } from '../faults/index.ts'
import { type Fields, fieldsOf, isFields, type Reply, type Request } from '../http/index.ts'

const REFUSED = {
  ErrorCode: 'ProvisionedThroughputExceededException',
  ErrorMessage: 'Rate exceeded for shard (throttled on demand by the embedded Kinesis)',
}

interface Through {
  readonly forward: (request: Request) => Promise<Reply>
  readonly faults: FaultSource
}

/** Passes a PutRecords on without the records that the switch fails, and answers for all of them in their order. */
export async function putRecordsWithFailures(
  through: Through,
  request: Request,
  input: Fields,
): Promise<Reply> {
  const { forward, faults } = through
  const share = faults.state().throttle.putRecords
  const records: unknown[] = Array.isArray(input.Records) ? input.Records : []
  if (share === 0 || records.length === 0) return forward(request)

  const failed = records.map(() => faults.strikes(share))
  const passed = records.filter((_, index) => !failed[index])
  if (passed.length === records.length) return forward(request)
  if (passed.length === 0) {
    const entries = records.map(() => REFUSED)
    return answer(
      { status: 200, headers: { 'content-type': request.headers['content-type'] ?? '' } },
      entries,
    )
  }

  const reply = await forward({
    ...request,
    body: Buffer.from(JSON.stringify({ ...input, Records: passed })),
  })
  const output = reply.status === 200 ? fieldsOf(reply.body) : undefined
  if (output === undefined) return reply
  const arrived: unknown[] = Array.isArray(output.Records) ? [...output.Records] : []
  return answer(
    reply,
    failed.map((refused) => (refused ? REFUSED : arrived.shift())),
  )
}

function answer(reply: Reply, entries: readonly unknown[]): Reply {
  const failures = entries.filter((entry) => isFields(entry) && 'ErrorCode' in entry).length
  return { ...reply, body: JSON.stringify({ FailedRecordCount: failures, Records: entries }) }
}
