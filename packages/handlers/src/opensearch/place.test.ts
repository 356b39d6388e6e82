import { Client } from '@opensearch-project/opensearch'
import { launch, type Spaceship } from '@spaceship/local'
import { afterAll, afterEach, beforeAll, describe } from 'vitest'
import { emulators } from '../../../local/test/emulators.ts'
import { placeSuite } from '../../test/place-suite.ts'

let ship: Spaceship
let client: Client
beforeAll(async () => {
  ship = await launch({ emulators })
  client = new Client({ node: ship.endpoints.search, maxRetries: 0 })
})
afterEach(() => client.indices.delete({ index: '_all' }))
afterAll(async () => {
  await client.close()
  await ship.close()
})

describe('on the embedded spaceship', () => placeSuite(() => client))
