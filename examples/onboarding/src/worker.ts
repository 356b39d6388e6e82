import type { Duration } from '@spaceship/core'
import { worker } from '@spaceship/runtime-k8s'
import { fromEnvironment } from './environment.ts'
import { onboarding } from './onboarding.ts'

const { FAILOVER = '10s', POLL_INTERVAL = '1s', STREAMS = 'clients-cdc', HOSTNAME = 'worker' } = process.env
await using environment = fromEnvironment(process.env)
const { dependencies, options } = environment

await using pod = worker([onboarding(dependencies)], {
  ...options,
  streams: STREAMS.split(','),
  // `worker` refuses what is not a duration, together with every other problem.
  leases: { failover: FAILOVER as Duration },
  poll: { interval: POLL_INTERVAL as Duration },
  // A restarted container keeps its pod's name: the random part tells the two apart.
  workerId: `${HOSTNAME}-${crypto.randomUUID()}`,
})
await pod.run()
