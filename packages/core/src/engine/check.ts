/**
 * Owns the question whether an application's set-up is right, asked once at the start of a process: each port is asked at the same time,
 * so that one start tells all that is wrong.
 *
 * | the port says                        | the start                                                       |
 * |--------------------------------------|-----------------------------------------------------------------|
 * | nothing                              | goes on                                                         |
 * | `Unavailable` with `setup`           | fails: somebody has to mend it                                  |
 * | `Unavailable`                        | waits, as for every outage                                      |
 * | anything else                        | fails: the adapter or its options are wrong                     |
 */

import { codeOf, SpaceshipError } from '../errors.ts'
import { describe, textIn } from '../foreign.ts'
import type { CheckedTable } from '../ports/index.ts'
import { setUpOf } from '../verdicts.ts'
import type { Settings } from './settings.ts'

export interface Checked {
  /** What somebody has to mend, each with advice. */
  readonly problems: readonly string[]
  /** What is down. */
  readonly outages: readonly unknown[]
  /** What was made, in words. */
  readonly notes: readonly string[]
}

/** Never rejects. */
export async function checkPorts(settings: Settings): Promise<Checked> {
  const { state, deadLetters, entities, events } = settings
  const tables = tablesOf(settings)
  return checked({
    state: asked(() => state.check?.()),
    deadLetters: asked(() => deadLetters?.check?.()),
    entities: asked(() => (tables.length === 0 ? undefined : entities?.check?.(tables))),
    events: asked(() => events?.check?.()),
    ...ofHandlers(settings),
  })
}

/** The adapters of handlers are their maker's: several routes may have one check, which is asked once. */
function ofHandlers({
  plans,
}: Pick<Settings, 'plans'>): Readonly<Record<string, Promise<string | undefined>>> {
  const checks = new Map<() => Promise<unknown>, string>()
  for (const { key, handler } of plans.routes) {
    const { check } = handler
    if (check !== undefined && !checks.has(check)) checks.set(check, key)
  }
  return Object.fromEntries([...checks].map(([check, key]) => [key, asked(check)]))
}

/** A port of somebody's may throw before it returns a promise. */
async function asked(check: () => Promise<unknown> | undefined): Promise<string | undefined> {
  const note = await check()
  return typeof note === 'string' ? note : undefined
}

/** What checks came to, by the names of what they are of. Never rejects. */
export async function checked(
  checks: Readonly<Record<string, Promise<string | undefined> | Promise<void>>>,
): Promise<Checked> {
  const problems: string[] = []
  const outages: unknown[] = []
  const notes: string[] = []
  const asked = Object.entries(checks).map(async ([name, check]) => {
    try {
      const note = await check
      if (typeof note === 'string') notes.push(note)
    } catch (error) {
      const problem = problemOf(name, error)
      if (problem === undefined) outages.push(error)
      else problems.push(problem)
    }
  })
  await Promise.all(asked)
  return { problems: problems.sort(), outages, notes }
}

function problemOf(name: string, error: unknown): string | undefined {
  const setup = setUpOf(error)
  if (setup !== undefined)
    return `'${name}' cannot use the ${setup.resource} (${setup.reason}): ${setup.advice}`
  if (codeOf(error) === 'unavailable') return undefined
  // What a client says that no adapter knows may quote what was sent.
  const own = codeOf(error) !== undefined && error instanceof SpaceshipError
  return `'${name}' failed its check: ${own ? describe(error) : (textIn(error, 'name') ?? describe(error))}`
}

/** The tables whose rows decide about due reminders. */
function tablesOf({ plans }: Pick<Settings, 'plans'>): readonly CheckedTable[] {
  const found = new Map<string, CheckedTable>()
  for (const { spec } of plans.wants) {
    const unless = spec.kind === 'reminder' ? spec.unless : undefined
    if (unless !== undefined)
      found.set(unless.entity.table, { table: unless.entity.table, key: unless.entity.key })
  }
  return [...found.values()]
}
