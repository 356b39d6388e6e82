import { lambda } from '@spaceship/runtime-lambda'
import { fromEnvironment } from './environment.ts'
import { greeter } from './greeter.ts'

const { dependencies, options } = fromEnvironment(process.env)

export const handler = lambda(greeter(dependencies), options)
