/** What type checking costs: instantiations for programs of 50, 200 and 400 entities, events and routes. */

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Result } from './result.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

export async function measureTypes(): Promise<Result> {
  const base = instantiations(0)
  const [at50, at200, at400] = [50, 200, 400].map((routes) => instantiations(routes))
  const ratios = {
    'instantiations at 50 routes': at50 ?? 0,
    'instantiations at 200 routes': at200 ?? 0,
    'instantiations at 400 routes': at400 ?? 0,
    // 1 is linear: twice the routes, twice the cost above an empty program.
    'growth from 200 to 400, over linear': Number(
      (((at400 ?? 0) - base) / (2 * ((at200 ?? 1) - base))).toFixed(3),
    ),
  }
  return {
    ratios,
    bars: { 'instantiations at 400 routes': 300_000, 'growth from 200 to 400, over linear': 1.1 },
  }
}

function instantiations(routes: number): number {
  const folder = mkdtempSync(`${ROOT}bench/.types-`)
  try {
    writeFileSync(`${folder}/program.ts`, program(routes))
    writeFileSync(
      `${folder}/tsconfig.json`,
      JSON.stringify({ extends: '../../tsconfig.base.json', include: ['program.ts'] }),
    )
    const { stdout } = spawnSync(`${ROOT}node_modules/.bin/tsc`, ['-p', folder, '--extendedDiagnostics'], {
      encoding: 'utf8',
    })
    const count = /Instantiations:\s+(\d+)/.exec(stdout)?.[1]
    if (count === undefined || stdout.includes('error TS'))
      throw new Error(`the program of ${routes} routes does not compile:\n${stdout}`)
    return Number(count)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function program(routes: number): string {
  const numbers = Array.from({ length: routes }, (_, n) => n)
  const entities = numbers.map(
    (
      n,
    ) => `const E${n} = entity('e${n}', { table: 't${n}', key: 'id', schema: z.object({ id: z.string(), plan: z.enum(['trial', 'paid']), n${n}: z.number() }) })
const e${n} = E${n}.changed('e${n}.upgraded', { plan: { from: 'trial', to: 'paid' } })`,
  )
  const on = numbers.map((n) => `  .on('r${n}', e${n}, say({ text: (e) => e.before.plan + e.after.n${n} }))`)
  return `import { entity, type Handler, handler, reactor } from '@spaceship/core'
import * as z from 'zod'
const say = <E>({ text }: { text: (event: E) => string }): Handler<E> => handler<E>({}, (event) => text(event))
${entities.join('\n')}
export const all = reactor('all')
${on.join('\n')}
void [z, entity, say]
`
}
