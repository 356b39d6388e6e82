import { defineConfig } from 'vitest/config'

const conditions = ['@spaceship/source', 'node']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'packages/*/test/**/*.test.ts', 'examples/*/**/*.test.ts'],
    typecheck: { enabled: false },
    testTimeout: 30_000,
  },
})
