import { S3Client } from '@aws-sdk/client-s3'
import { deadLettersOutageCases } from '@spaceship/core/conformance'
import { launch, type Spaceship } from '@spaceship/local'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { emulators } from '../../../local/test/emulators.ts'
import { s3Suite } from '../../test/s3-suite.ts'
import { s3DeadLetters } from './index.ts'

let ship: Spaceship
let client: S3Client
beforeAll(async () => {
  ship = await launch({ emulators })
  client = new S3Client(ship.clientConfig('s3'))
})
afterAll(async () => {
  client.destroy()
  await ship.close()
})

s3Suite(() => ({ client }))

describe('what is out', () => {
  for (const { name, run } of deadLettersOutageCases)
    test(name, async () => {
      const lost = new S3Client({
        ...ship.clientConfig('s3'),
        endpoint: 'http://127.0.0.1:1',
        maxAttempts: 1,
      })
      await run(s3DeadLetters({ client: lost, bucket: 'b' }))
      lost.destroy()
    })
})
