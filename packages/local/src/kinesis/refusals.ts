import type { FaultSource } from '../faults/index.ts'
import type { AwsFault } from '../http/index.ts'
import { ACCOUNT } from './stage.ts'

const EXCEEDED = 'ProvisionedThroughputExceededException'

export const ON_DEMAND: AwsFault = {
  type: EXCEEDED,
  message: 'Rate exceeded for shard (throttled on demand by the embedded Kinesis)',
}

/** If the switch `throttle({ kinesis })` strikes this call. */
export function throttledOnDemand(faults: FaultSource): AwsFault | undefined {
  return faults.strikes(faults.state().throttle.kinesis) ? ON_DEMAND : undefined
}

export function rateExceeded(stream: string, shard: string): AwsFault {
  return {
    type: EXCEEDED,
    message: `Rate exceeded for shard ${shard} in stream ${stream} under account ${ACCOUNT}.`,
  }
}

export function notActive(stream: string): AwsFault {
  return {
    type: 'ResourceInUseException',
    message: `Stream ${stream} under account ${ACCOUNT} not ACTIVE, instead in state UPDATING`,
  }
}
