import { build } from 'esbuild'

/** What a function should pay for Spaceship at a cold start. */
export const BAR = 20 * 1_024

/** What it pays at the most today, with the whole delivery contract aboard: no change may make it worse unnoticed. */
export const CEILING = 83 * 1_024

/** Bytes of everything that a Lambda with one reactor loads of core and runtime-lambda. */
export async function sizeOfLambda(root: string): Promise<number> {
  const contents = `
    export { entity, event, reminder, reactor, route, handler, skip, Permanent, RetryAfter, Unavailable } from '@spaceship/core'
    export { lambda } from '@spaceship/runtime-lambda'
  `
  const result = await build({
    stdin: { contents, resolveDir: `${root}examples/onboarding`, loader: 'ts' },
    bundle: true,
    minify: true,
    write: false,
    logLevel: 'error',
    platform: 'node',
    format: 'esm',
    target: 'node22',
  })
  return result.outputFiles[0]?.contents.length ?? 0
}
