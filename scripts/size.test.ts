import { build } from 'esbuild'
import { expect, test } from 'vitest'
import { ROOT } from './packages.ts'

test("the onboarding function loads none of Node's modules that cost more than the function itself", async () => {
  const { metafile } = await build({
    entryPoints: [`${ROOT}examples/onboarding/src/lambda.ts`],
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    format: 'esm',
    target: 'node22',
    conditions: ['@spaceship/source'],
    // They come with what a function talks to, with Spaceship or without.
    external: ['@aws-sdk/*', '@opensearch-project/*', 'ioredis'],
    logLevel: 'error',
  })
  const [output] = Object.values(metafile.outputs)
  const loaded = output?.imports.map(({ path }) => path).filter((path) => path.startsWith('node:'))
  // Node 24 has loaded the channels when a program starts; before that `node:http` brings them, which every client needs.
  expect(loaded?.toSorted()).toEqual(['node:buffer', 'node:diagnostics_channel'])
})
