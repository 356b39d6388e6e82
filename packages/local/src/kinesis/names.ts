import type { AwsFault, Fields } from '../http/index.ts'
import { placeOf } from './place.ts'
import { ACCOUNT } from './stage.ts'

const ARN = /^arn:aws[^:]*:kinesis:([^:]*):(\d{12}):stream\/(\S+)$/
const PATTERN = 'arn:aws.*:kinesis:.*:\\d{12}:stream/\\S+'

/**
 * The input with a stream's name in place of its ARN: kinesalite knows no ARNs. A call of GetRecords has its stream in the iterator.
 *
 * @returns what AWS answers to an ARN that is none, or names a stream that is not here
 */
export function byName(operation: string, input: Fields, region: string): Fields | AwsFault {
  const { StreamARN, ResourceARN, ...rest } = input
  const parameter = ResourceARN === undefined ? 'streamARN' : 'resourceARN'
  const arn = ResourceARN ?? StreamARN
  if (arn === undefined || arn === null) return input
  if (typeof arn !== 'string')
    return { type: 'SerializationException', message: `'${parameter}' can not be converted to an String` }

  const [, inRegion, account, name] = ARN.exec(arn) ?? []
  if (name === undefined) return malformed(parameter, arn)
  if (account !== ACCOUNT) return denied(operation, arn)
  if (inRegion !== region)
    return {
      type: 'ResourceNotFoundException',
      message: `Stream ${arn} not found: the streams here are in ${region}.`,
    }

  const place = operation === 'GetRecords' ? placeOf(rest.ShardIterator) : undefined
  const other = operation === 'GetRecords' ? place?.stream : rest.StreamName
  if (other !== undefined && other !== null && other !== name)
    return {
      type: 'InvalidArgumentException',
      message: `StreamARN ${arn} is not that of stream ${other}.`,
    }
  return operation === 'GetRecords' ? rest : { ...rest, StreamName: name }
}

function malformed(parameter: string, arn: string): AwsFault {
  return {
    type: 'ValidationException',
    message: `1 validation error detected: Value '${arn}' at '${parameter}' failed to satisfy constraint: Member must satisfy regular expression pattern: ${PATTERN}`,
  }
}

function denied(operation: string, arn: string): AwsFault {
  const action = `kinesis:${operation}`
  return {
    type: 'AccessDeniedException',
    message: `User: arn:aws:iam::${ACCOUNT}:user/local is not authorized to perform: ${action} on resource: ${arn} because no resource-based policy allows the ${action} action`,
  }
}
