import { SFNClient } from '@aws-sdk/client-sfn'
import { reminderSchedulerOutageCases } from '@spaceship/core/conformance'
import { test } from 'vitest'
import { stepFunctions } from './index.ts'

const stateMachineArn = 'arn:aws:states:us-east-1:000000000000:stateMachine:reminders'

for (const { name, run } of reminderSchedulerOutageCases) {
  test(name, async () => {
    const credentials = { accessKeyId: 'x', secretAccessKey: 'x' }
    const endpoint = 'http://127.0.0.1:1'
    const client = new SFNClient({ region: 'us-east-1', endpoint, credentials, maxAttempts: 1 })
    await run(stepFunctions({ client, stateMachineArn }))
    client.destroy()
  })
}
