import { defineConfig } from 'vitest/config'
import { lanes } from './scripts/lanes.ts'

const conditions = ['@spaceship/source', 'node']
const running = new Set((process.env.SPACESHIP_LANES ?? '').split(','))
const away = lanes.filter(({ name }) => !running.has(name)).map(({ name }) => `**/*.${name}.test.ts`)

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: [
      '{packages,examples}/*/{src,test}/**/*.test.ts',
      'packages/create-spaceship/templates/{minimal,shared-table}/src/*.test.ts',
      'bench/**/*.test.ts',
      'scripts/**/*.test.ts',
    ],
    // The project of the lane `install` is a user's own, with tests of its own.
    exclude: ['**/node_modules/**', '**/dist/**', 'scripts/install/project/**', ...away],
    testTimeout: 30_000,
    // Tests wait more than they work: on two cores two workers leave a fifth of both unused, and one, the default, most.
    maxWorkers: 3,
    // A process for each file loads everything anew, which is a third of all that the tests cost. What a test leaves behind shows in the next one.
    isolate: false,
  },
})
