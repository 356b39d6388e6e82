/**
 * Owns the bundles whose load is measured: single minified ES modules, as a user deploys them. A bundle contains everything
 * that its entry imports, except for the clients of AWS, OpenSearch and Redis: classes that do nothing stand in for these. Lambda brings its own
 * AWS clients, and whoever talks to the same services loads the same ones, with Spaceship or without.
 */

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
export const CACHE = `${ROOT}node_modules/.cache/bench`

const here = (file: string) => fileURLToPath(new URL(file, import.meta.url))

export type Bundle = 'empty' | 'zod' | 'by hand' | 'before' | 'powertools'

/** @param before the commit that today's load is compared with */
export async function makeBundles(before: string): Promise<Readonly<Record<Bundle, string>>> {
  mkdirSync(CACHE, { recursive: true })
  const empty = `${CACHE}/empty.mjs`
  writeFileSync(empty, 'export {}\n')
  const byHand = { './client.ts': here('client.ts') }
  return {
    empty,
    zod: await bundled('zod', onboarding(ROOT), ROOT),
    'by hand': await bundled('by-hand', onboarding(ROOT), ROOT, byHand),
    before: await bundled('before', onboarding(sourcesOf(before)), sourcesOf(before), byHand),
    powertools: await bundled('powertools', here('powertools.ts'), ROOT),
  }
}

const onboarding = (root: string) => `${root}examples/onboarding/src/lambda.ts`

/** The sources at a commit, taken out of the repository once. */
function sourcesOf(commit: string): string {
  const folder = `${CACHE}/${commit}`
  if (existsSync(folder)) return `${folder}/`
  const partial = `${folder}.${process.pid}`
  mkdirSync(partial, { recursive: true })
  const archive = execFileSync('git', ['archive', commit, 'packages', 'examples'], {
    cwd: ROOT,
    maxBuffer: 268_435_456,
  })
  execFileSync('tar', ['-x', '-C', partial], { input: archive })
  renameSync(partial, folder)
  return `${folder}/`
}

async function bundled(
  name: string,
  entry: string,
  root: string,
  instead: Readonly<Record<string, string>> = {},
): Promise<string> {
  const outfile = `${CACHE}/${name}.mjs`
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    minify: true,
    logLevel: 'error',
    platform: 'node',
    format: 'esm',
    target: 'node22',
    plugins: [standIns, packagesOf(root), replacing(instead)],
  })
  return outfile
}

const standIns: Plugin = {
  name: 'stand-ins',
  setup: ({ onResolve, onLoad }) => {
    const clients = /^(@aws-sdk\/client-|@opensearch-project\/opensearch$|ioredis$)/
    onResolve({ filter: clients }, ({ path }) => ({ path, namespace: 'stand-in', sideEffects: false }))
    onLoad({ filter: /./, namespace: 'stand-in' }, ({ path }) => {
      const names = Object.keys(installed(path)).filter(
        (name) => /^[A-Za-z]\w*$/.test(name) && name !== 'default',
      )
      return {
        contents: names
          .map((name) => `export class ${name} { send() {} transport = { request: () => {} } }`)
          .join('\n'),
      }
    })
  },
}

/** As the adapters have it: an earlier commit may use others than today's example does. */
const installed = createRequire(`${ROOT}packages/handlers/package.json`)

/** The packages' sources under a root, whatever is installed. */
function packagesOf(root: string): Plugin {
  return {
    name: 'packages',
    setup: ({ onResolve }) => {
      onResolve({ filter: /^@spaceship\// }, ({ path }) => {
        const [, name = '', subpath = ''] = /^@spaceship\/([^/]+)(.*)$/.exec(path) ?? []
        const folder = `${root}packages/${name}`
        const { exports } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'))
        return { path: `${folder}/${exports[`.${subpath}`]['@spaceship/source']}`, sideEffects: false }
      })
    },
  }
}

function replacing(instead: Readonly<Record<string, string>>): Plugin {
  return {
    name: 'replacing',
    setup: ({ onResolve }) => {
      onResolve({ filter: /^\./ }, ({ path }) =>
        instead[path] === undefined ? undefined : { path: instead[path] },
      )
    },
  }
}
