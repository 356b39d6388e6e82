/**
 * Owns the chains of one delivery: for each route the stages that its capabilities make, in order, and who calls its handler. Never runs
 * an attempt.
 */

import { concluded, type Stage } from './attempt.ts'
import type { Found, Recalled } from './content.ts'
import { extended } from './ending.ts'
import { DONE } from './outcome.ts'
import type { RoutePlan } from './plan.ts'
import type { Scope } from './scope.ts'
import type { Caller, Capability } from './stage.ts'

/** The stages of a route: those before anything is written ahead, and those that write ahead. */
export interface Stages {
  readonly before: readonly Stage[]
  readonly ahead: readonly Stage[]
}

const NO_STAGES: Stages = { before: [], ahead: [] }

export class Chain {
  readonly #stages: readonly (Stages | undefined)[]
  readonly #callers: readonly (Caller | undefined)[]

  constructor(scope: Scope, capabilities: readonly Capability[]) {
    const { routes } = scope.settings.plans
    this.#stages = routes.map((plan) => {
      const own = capabilities.filter((each) => plan.capabilities.includes(each))
      const at = (place: 'lane' | 'write-ahead') =>
        own.flatMap((each) => (each.place === place ? (each.stage?.(plan, scope) ?? []) : []))
      const [before, ahead] = [at('lane'), at('write-ahead')]
      return before.length + ahead.length === 0 ? undefined : { before, ahead }
    })
    this.#callers = routes.map((plan) =>
      capabilities
        .filter((each) => plan.capabilities.includes(each))
        .map(({ caller }) => caller?.(plan, scope))
        .find((made) => made !== undefined),
    )
  }

  /** Resolves when the delivery may take records. */
  async ready(): Promise<void> {
    await Promise.all(this.#stages.flatMap((stages) => stages?.before.map((stage) => stage.ready?.()) ?? []))
  }

  /** Whether nothing stands between a task's turn and its handler. */
  isEmpty({ index }: RoutePlan): boolean {
    return this.#stages[index] === undefined
  }

  stages({ index }: RoutePlan): Stages {
    return this.#stages[index] ?? NO_STAGES
  }

  caller(plan: RoutePlan): Caller {
    return this.#callers[plan.index] as Caller // only asked for a route that gathers, and only a capability with a caller makes it that
  }

  /** Nothing more will come: what is gathered is called. */
  hurry(): void {
    for (const caller of this.#callers) caller?.hurry()
  }
}

/** The stage that finds what a record only names, whatever route it is for. Its parts end one by one. */
export const recall: Stage = {
  enter: async (attempt) => {
    const { task, scope } = attempt
    const handled: (() => Promise<void>)[] = []
    let found: Found | undefined
    while (attempt.content.recall !== undefined) {
      const recalled: Recalled = await attempt.content.recall({
        plan: task.plan,
        lane: task.lane,
        place: scope.place,
        settings: scope.settings,
        letter: attempt.letter,
        matchLetter: scope.matchLetter,
      })
      if ('redrives' in recalled) task.entry.letter = recalled.redrives
      if ('skip' in recalled) return concluded({ kind: 'skip', reason: recalled.skip })
      if ('shares' in recalled) {
        scope.spread(task, recalled.shares)
        return { kind: 'ending', ending: DONE }
      }
      if (recalled.handled !== undefined) handled.push(recalled.handled)
      const { more, part, letterPart, generation } = recalled
      found = {
        ...recalled,
        generation: generation ?? found?.generation,
        more: more === true || found?.more === true,
        part: part ?? found?.part,
        letterPart: letterPart ?? found?.letterPart,
      }
      attempt.content = recalled.content
    }
    attempt.found = found === undefined ? undefined : { ...found, handled: all(handled) }
    attempt.countFor(found?.part)
    return undefined
  },
  leave: ({ found, plan }, verdict, ending) => {
    if (found?.handled === undefined && !found?.more) return ending
    const after = found.handled === undefined ? [] : [found.handled]
    const { outcome } = ending
    // A part that is kept holds up no other, unless it parks its lane: then the others are found when that is drained.
    const goesOn = found.more && (verdict.kind !== 'dead' || plan.whenExhausted !== 'park')
    const isAgain = goesOn && outcome.kind === 'ended'
    return extended(ending, { after, outcome: isAgain ? { ...outcome, kind: 'again' } : outcome })
  },
}

function all(handled: readonly (() => Promise<void>)[]): (() => Promise<void>) | undefined {
  if (handled.length === 0) return undefined
  return async () => {
    for (const each of handled) await each()
  }
}
