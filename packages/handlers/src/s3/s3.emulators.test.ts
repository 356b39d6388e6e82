/** Dead letters and archives on two emulators of S3 that others make. */

import { S3Client } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe } from 'vitest'
import { startMinistack, startMoto } from '../../../../scripts/emulators.ts'
import type { LaneServer } from '../../../../scripts/server.ts'
import { s3Suite } from '../../test/s3-suite.ts'

const emulators: Readonly<Record<string, () => Promise<LaneServer>>> = {
  moto: startMoto,
  ministack: startMinistack,
}

for (const [emulator, start] of Object.entries(emulators)) {
  describe(emulator, () => {
    let server: LaneServer
    let client: S3Client
    beforeAll(async () => {
      server = await start()
      client = new S3Client({ ...server.config, forcePathStyle: true })
    }, 60_000)
    afterAll(async () => {
      client.destroy()
      await server.close()
    })
    s3Suite(() => ({ client }))
  })
}
