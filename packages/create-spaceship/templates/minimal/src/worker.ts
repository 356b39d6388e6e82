import { worker } from '@spaceship/runtime-k8s'
import { fromEnvironment, streams } from './environment.ts'
import { greeter } from './greeter.ts'

const { dependencies, options } = fromEnvironment(process.env)

await using pod = worker([greeter(dependencies)], { ...options, streams })
await pod.run()
