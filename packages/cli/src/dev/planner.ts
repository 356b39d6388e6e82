/** Runs in a process of its own: reads a project and says what `plan.ts` asks. */

import { dirname } from 'node:path'
import { codeOf } from '@spaceship/core'
import { equalities } from '@spaceship/core/adapter'
import { describe } from '@spaceship/core/engine'
import { exampleOf, type Known, knownOf, loadProject, type Project } from '../project/index.ts'
import { messageOf } from '../show/index.ts'
import type { Plan, Planned } from './plan.ts'

const [, , file = ''] = process.argv
const say = (planned: Planned) => void process.send?.(planned)

try {
  const project = await loadProject(dirname(file), file)
  const { config } = project
  Object.assign(process.env, config.variables)
  say({ plan: planFrom(project, knownOf(config, await config.reactors({ ...process.env }))) })
} catch (error) {
  const code = codeOf(error)
  say({ refused: { message: messageOf(error), ...(code === undefined ? {} : { code }) } })
}

function planFrom({ config }: Project, known: Known): Plan {
  const {
    application,
    streams,
    worker = 'src/worker.ts',
    lambda = 'src/lambda.ts',
    variables = {},
    ports = {},
  } = config
  const routes = known.reactors.flatMap((reactor) => describe(reactor))
  return {
    application,
    streams,
    tables: known.tables,
    routes: routes.map(({ route }) => route),
    schedules: routes.flatMap(({ route, schedule }) => (schedule === undefined ? [] : [{ route, schedule }])),
    worker,
    lambda,
    variables,
    ports,
    examples: examplesOf(known),
  }
}

function examplesOf({ entities, published }: Known): string[] {
  const puts = [...entities.values()].flatMap(({ name, schema, when }) => {
    const example = exampleOf(schema)
    return example === undefined
      ? []
      : [`npx spaceship put ${name} '${JSON.stringify({ ...example, ...equalities(when) })}'`]
  })
  const events = [...published.values()].flatMap(({ name, spec }) => {
    const example = exampleOf(spec.schema)
    return example === undefined ? [] : [`npx spaceship publish ${name} '${JSON.stringify(example)}'`]
  })
  return [...puts.slice(0, 1), ...events.slice(0, 1)]
}
