import { worker } from '@spaceship/runtime-k8s'
import { greeter } from './greeter.js'

export const makeWorker = (say: (text: string) => void) =>
  worker([greeter(say)], { application: 'greeter', streams: ['clients-cdc'], poll: { interval: '200ms' } })
