import { lambda } from '@spaceship/runtime-lambda'
import { fromEnvironment } from './environment.ts'
import { sales } from './sales.ts'

const { dependencies, options } = fromEnvironment(process.env)

export const handler = lambda(sales(dependencies), options)
