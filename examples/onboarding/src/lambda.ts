import { lambda } from '@spaceship/runtime-lambda'
import { fromEnvironment } from './environment.ts'
import { onboarding } from './onboarding.ts'

const { dependencies, options } = fromEnvironment(process.env)

export const handler = lambda(onboarding(dependencies), options)
