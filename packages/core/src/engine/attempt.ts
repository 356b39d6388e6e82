/** Owns what is known of one attempt while it lasts: what it is about, until when it may run, and what was taken for it. */

import type { EventMeta } from '../declare/event.ts'
import { SpaceshipError } from '../errors.ts'
import { Beginnings } from './begun.ts'
import type { Content, Found } from './content.ts'
import { passed, Run } from './deadlines.ts'
import type { Ending, Verdict } from './outcome.ts'
import type { RoutePlan } from './plan.ts'
import type { Scope } from './scope.ts'
import type { Task } from './task.ts'

/** What a stage answers to an attempt: undefined lets it go on. */
export type Entered =
  | undefined
  /** The lane asks again at this moment, in milliseconds since 1970. Nothing is counted. */
  | { readonly kind: 'held'; readonly until: number }
  | Concluded
  /** Nothing is to be run, and this is what is left to do. */
  | { readonly kind: 'ending'; readonly ending: Ending }

/** Nothing is to be run: the verdict stands. */
export interface Concluded {
  readonly kind: 'conclude'
  readonly verdict: Verdict
}

export function concluded(verdict: Verdict): Concluded {
  return { kind: 'conclude', verdict }
}

export interface Stage {
  enter(attempt: Attempt): Entered | Promise<Entered>
  /** Adds what this stage owes once the verdict is final: done, skipped or dead. */
  leave?(attempt: Attempt, verdict: Verdict, ending: Ending): Ending
  /** The attempt came to no end: what was taken for it is given back. A failure is nobody's: what was taken ends by itself. */
  release?(attempt: Attempt): Promise<unknown>
  /** Resolves when the stage may be asked; called once, before the delivery takes records. */
  ready?(): Promise<void>
}

/** What was taken ahead for an attempt, and ends with it: it must last as long as the attempt does. */
export interface Lease {
  /** Of what was taken, in messages and codes. */
  readonly name: string
  /** @returns false if another owner has taken it meanwhile */
  extend(until: number): Promise<boolean>
}

/** A class, as tasks are: one is made for each attempt. */
export class Attempt {
  readonly task: Task
  readonly scope: Scope
  /** What the attempt is about; the recall replaces what only names it. */
  content: Content
  /** What the recall found. */
  found: Found | undefined
  /** The letter to run instead of the one that the record names: set by a stage that knows what comes before it. */
  letter: string | undefined
  lease: Lease | undefined
  /** Stages that let the attempt in; undefined where nothing stands between a task's turn and its handler. */
  entered: readonly Stage[] | undefined
  /** What the handler has begun through its context; undefined if nothing. */
  beginnings: Beginnings | undefined
  /** What the handler gets. */
  event: EventMeta | undefined
  /** On the clock's `monotonic`. */
  #deadline: number
  #run: Run | undefined

  constructor(task: Task, content: Content, scope: Scope, now: number) {
    this.task = task
    this.content = content
    this.scope = scope
    this.#deadline = Math.min(now + task.plan.gathering + task.plan.timeout, scope.hardEnd)
  }

  /** Attempts are counted for each part of a task: those of another part are not this one's. */
  countFor(part: string | undefined): void {
    if (this.task.part === part) return
    this.task.part = part
    this.task.attempts = 0
  }

  get plan(): RoutePlan {
    return this.task.plan
  }

  /** Made for a handler that is still running when it has returned, or looks at its signal. */
  get run(): Run {
    // What is gathered is watched as one.
    this.#run ??= new Run(this.plan, this.#deadline, !this.plan.gathers)
    return this.#run
  }

  /** Who runs for the task now: its own handler, or that of its batch; nobody any more. */
  runs(run: Run | undefined): void {
    this.task.run = run
  }

  get deadline(): number {
    return this.#run?.deadline ?? this.#deadline
  }

  /** The deadline on the wall's clock, in milliseconds since 1970. */
  get wallDeadline(): number {
    return wallOf(this.deadline, this.scope)
  }

  begin<T>(work: Promise<T>): Promise<T> {
    this.beginnings ??= new Beginnings()
    return this.beginnings.add(work)
  }

  signal(): AbortSignal {
    return this.run.signal(this.scope.stopped)
  }

  /** @throws SpaceshipError `deadline`, or that the lease was lost: see `Context.extend` */
  async extend(by: number): Promise<Date> {
    const { scope, run } = this
    if (run.aborted) throw passed(this.plan)
    const deadline = Math.min(Math.max(run.deadline, scope.now() + by), scope.hardEnd)
    if (this.lease !== undefined && !(scope.isHeld() && (await this.lease.extend(wallOf(deadline, scope)))))
      throw new SpaceshipError(
        `${this.lease.name}-lost`,
        `another owner has taken the ${this.lease.name} of ${this.plan.key}: stop`,
      )
    // It may have passed while the store was asked.
    if (run.aborted) throw passed(this.plan)
    scope.deadlines.extend(run, deadline)
    return new Date(wallOf(deadline, scope))
  }
}

export function wallOf(monotonic: number, { settings }: Pick<Scope, 'settings'>): number {
  const { clock } = settings
  return clock.now() + (monotonic - clock.monotonic())
}
