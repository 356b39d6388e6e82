/** Sinks and publishers on two emulators of SQS and SNS that others make. */

import { SNSClient } from '@aws-sdk/client-sns'
import { SQSClient } from '@aws-sdk/client-sqs'
import { afterAll, beforeAll, describe } from 'vitest'
import { startMinistack, startMoto } from '../../../../scripts/emulators.ts'
import type { LaneServer } from '../../../../scripts/server.ts'
import { type Lacks, messagesSuite } from '../../test/messages-suite.ts'

const emulators: Readonly<
  Record<string, { readonly start: () => Promise<LaneServer>; readonly lacks: Lacks }>
> = {
  moto: { start: startMoto, lacks: {} },
  ministack: { start: startMinistack, lacks: {} },
}

for (const [emulator, { start, lacks }] of Object.entries(emulators)) {
  describe(emulator, () => {
    let server: LaneServer
    let sqs: SQSClient
    let sns: SNSClient
    beforeAll(async () => {
      server = await start()
      sqs = new SQSClient(server.config)
      sns = new SNSClient(server.config)
    }, 60_000)
    afterAll(async () => {
      sqs.destroy()
      sns.destroy()
      await server.close()
    })
    messagesSuite(() => ({ sqs, sns }), lacks)
  })
}
