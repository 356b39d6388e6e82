import { answered, listOf, type Operation, refused, replyTo } from './stage.ts'
import { described, fieldsIn } from './stream.ts'
import { nextIn, tokenOf } from './token.ts'

const USUAL_LIMIT = 100

/** Streams in the order of their names, a page at a time, each with what a summary says. */
export const listStreams: Operation = async ({ call, region, resharding }, input) => {
  const { NextToken: token, Limit = USUAL_LIMIT } = input
  const next = nextIn('streams', token)
  if (token !== undefined && token !== null && next === undefined)
    return refused({
      type: 'InvalidArgumentException',
      message: 'NextToken is invalid: it is not one that ListStreams gave.',
    })
  const ExclusiveStartStreamName = next?.after ?? input.ExclusiveStartStreamName
  const answer = await call('ListStreams', {
    Limit,
    ...(ExclusiveStartStreamName !== undefined && { ExclusiveStartStreamName }),
  })
  if (!answer.ok) return replyTo(answer)

  const names = listOf(answer.output.StreamNames).map(String)
  const last = names.at(-1)
  const summaries = await Promise.all(
    names.map(async (StreamName) => {
      const one = await call('DescribeStreamSummary', { StreamName })
      if (!one.ok) return []
      const stream = described(one.output.StreamDescriptionSummary, region, resharding.has(StreamName))
      const { StreamARN, StreamStatus, StreamModeDetails, StreamCreationTimestamp } = fieldsIn(stream)
      return [{ StreamName, StreamARN, StreamStatus, StreamModeDetails, StreamCreationTimestamp }]
    }),
  )
  const hasMore = answer.output.HasMoreStreams === true
  return answered({
    StreamNames: names,
    HasMoreStreams: hasMore,
    ...(hasMore && { NextToken: tokenOf('streams', { after: last }) }),
    StreamSummaries: summaries.flat(),
  })
}
