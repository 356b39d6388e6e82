import type { AwsFault } from '../http/index.ts'
import { notActive } from './refusals.ts'
import { type Operation, refused, withInput } from './stage.ts'
import { fieldsIn } from './stream.ts'

/** As many as AWS gives a new stream whose capacity is on demand. */
const ON_DEMAND_SHARDS = 4
/** kinesalite's words for AddTagsToStream; CreateStream had no tags when it was written. */
const TAG = /^[\u00C0-\u1FFF\u2C00-\uD7FF\w./\-=+: @]*$/

export const createStream: Operation = async ({ forward }, input, request) => {
  const isOnDemand = fieldsIn(input.StreamModeDetails).StreamMode === 'ON_DEMAND'
  const hasCount = input.ShardCount !== undefined && input.ShardCount !== null
  if (isOnDemand && hasCount)
    return refused(invalid('ShardCount cannot be specified for a stream whose mode is ON_DEMAND.'))
  const tags = Object.entries(fieldsIn(input.Tags)).flat()
  if (tags.some((text) => typeof text === 'string' && !TAG.test(text)))
    return refused(
      invalid(
        'Some tags contain invalid characters. Valid characters: Unicode letters, digits, white space, _ . / = + - % @.',
      ),
    )
  return forward(isOnDemand ? withInput(request, { ...input, ShardCount: ON_DEMAND_SHARDS }) : request)
}

/** UpdateStreamMode and UpdateMaxRecordSize: kinesalite keeps both beside the stream's other settings. */
export const changeStream: Operation = async ({ forward, resharding }, input, request) => {
  const name = String(input.StreamName)
  if (resharding.has(name)) return refused(notActive(name))
  const missing = ['StreamModeDetails', 'MaxRecordSizeInKiB'].every(
    (setting) => (input[setting] ?? null) === null,
  )
  if (missing)
    return refused({
      type: 'ValidationException',
      message: '1 validation error detected: the new setting of the stream is missing',
    })
  return forward(withInput(request, input, 'ChangeStream'))
}

function invalid(message: string): AwsFault {
  return { type: 'InvalidArgumentException', message }
}
