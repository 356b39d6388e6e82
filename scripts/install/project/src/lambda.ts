import { memoryDeadLetters, memoryState } from '@spaceship/core/memory'
import { lambda } from '@spaceship/runtime-lambda'
import type { KinesisStreamHandler } from 'aws-lambda'
import { greeter } from './greeter.js'

export const said: string[] = []

export const handler: KinesisStreamHandler = lambda(
  greeter((text) => said.push(text)),
  {
    application: 'greeter',
    state: memoryState(),
    deadLetters: memoryDeadLetters(),
  },
)
