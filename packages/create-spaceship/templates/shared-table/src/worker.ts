import { worker } from '@spaceship/runtime-k8s'
import { fromEnvironment, streams } from './environment.ts'
import { sales } from './sales.ts'

const { dependencies, options } = fromEnvironment(process.env)

await using pod = worker([sales(dependencies)], { ...options, streams })
await pod.run()
