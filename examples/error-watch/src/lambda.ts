import { lambda } from '@spaceship/runtime-lambda'
import { fromEnvironment } from './environment.ts'
import { errorWatch } from './error-watch.ts'

const { dependencies, options } = fromEnvironment(process.env)
export const handler = lambda(errorWatch(dependencies), options)
