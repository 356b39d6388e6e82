import { worker } from '@spaceship/runtime-k8s'
import { fromEnvironment } from './environment.ts'
import { errorWatch } from './error-watch.ts'

const { dependencies, options } = fromEnvironment(process.env)
const { STREAM = 'error-watch', TICKS } = process.env
const ticks = TICKS !== 'scheduler' // which puts them into the stream
await using pod = worker([errorWatch(dependencies)], { ...options, streams: [STREAM], ticks })
await pod.run()
