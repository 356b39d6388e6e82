/**
 * Runs in a process of `spaceship dev`, before its program: tells the terminal what becomes of each record. The program's files are those of
 * production, and know nothing of it. What it writes is lost when nobody listens.
 */

import { subscribe } from 'node:diagnostics_channel'
import { connect } from 'node:net'
import { performance } from 'node:perf_hooks'
import { type Announced, aboutRecord, ENGINES, type Step } from '@spaceship/core/engine'
import type { Outcome, Told } from './trail.ts'

const OVER: ReadonlySet<Step['step']> = new Set([
  'done',
  'skipped',
  'dead-letter',
  'discarded',
  'parked',
  'halted',
  'abandoned',
])

const { SPACESHIP_TRAIL: path } = process.env
if (path !== undefined) listenTo(path)

function listenTo(path: string): void {
  const socket = connect(path)
  // Does not keep the program alive. Where nobody listens any more, the session is gone, however it ended: so is its ship.
  socket.unref()
  socket.on('error', () => {}).on('close', () => process.kill(process.pid, 'SIGTERM'))
  const tell = (told: Told) => void socket.write(`${JSON.stringify(told)}\n`)
  subscribe(ENGINES, (message) => {
    const { engine, observe } = message as Announced // engines alone publish there
    tell({ kind: 'routes', routes: engine.routes.map(({ key }) => key) })
    /** When routes took records that they have not ended, by place. */
    const taken = new Map<string, number>()
    observe((step, record) => {
      if (step.step === 'unwanted')
        return tell({ kind: 'unwanted', what: aboutRecord(record).what, why: engine.explain(record) })
      const place = `${step.shard} ${step.position} ${step.route}`
      if (step.step === 'taken') taken.set(place, performance.now())
      const since = taken.get(place)
      if (OVER.has(step.step)) taken.delete(place)
      if (step.step !== 'taken' && step.step !== 'started')
        tell(outcomeOf(step, step.step, aboutRecord(record).what, since))
    })
  })
}

function outcomeOf(
  { route, attempt, detail, until }: Step,
  step: Outcome['step'],
  what: string,
  since: number | undefined,
): Told {
  return {
    kind: 'outcome',
    what,
    route,
    step,
    attempt,
    ...(detail === undefined ? {} : { detail }),
    ...(until === undefined ? {} : { waitMs: Math.max(0, until - Date.now()) }),
    ms: since === undefined ? 0 : performance.now() - since,
  }
}
