import { Client } from '@opensearch-project/opensearch'
import { launch, type Spaceship } from '@spaceship/local'
import { afterAll, afterEach, beforeAll, describe } from 'vitest'
import { emulators } from '../../../local/test/emulators.ts'
import { rebuildSuite } from '../../test/rebuild-suite.ts'
import { memorySearch } from '../testing/index.ts'
import { createSearch } from './index.ts'

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

describe('on the embedded spaceship', () =>
  rebuildSuite(async (clock) => createSearch({ client, clock }), 40))

describe('in memory', () => rebuildSuite(async (clock) => memorySearch({ clock }), 200))
