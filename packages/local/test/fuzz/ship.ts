/** A spaceship in a process of its own, so that the fuzz sees it end. Tells its parent where it is; ends with it. */

import { launch } from '../../src/index.ts'
import { startRuntimeApi } from '../../src/lambda/runtime-api.ts'

const ship = await launch({
  tables: [
    { name: 'clients', key: 'id', stream: 'clients-cdc' },
    { name: 'orders', key: { partition: 'pk', sort: 'sk' }, types: { sk: 'N' } },
  ],
})
const runtime = await startRuntimeApi()
process.on('disconnect', () => process.exit())
process.send?.({ ...ship.endpoints, runtime: `http://${runtime.address}` })
