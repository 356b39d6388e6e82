/**
 * Owns what is told of work that fails again and again: once when it begins to fail, and once when it has recovered, however many leases or
 * shards it is done for. What they do between is told at `debug`.
 *
 * | the failure                               | is told                                                            |
 * |-------------------------------------------|--------------------------------------------------------------------|
 * | a set-up that somebody has to mend        | at once, at `error`, with what to do, whatever else was told       |
 * | an outage, or anything else               | at the second time in a row of one lease or shard, at `warn`       |
 * | the last one that failed has recovered    | at `info`                                                          |
 */

import { setUpOf } from '@spaceship/core/adapter'
import { errorFields, type Log, type LogFields } from '@spaceship/core/log'

export class Troubles {
  readonly #logger: Log
  /** By the work, for whom it fails, and how often in a row. */
  readonly #failing = new Map<string, Map<string, number>>()
  /** By the work: the kinds of failure that were told. */
  readonly #told = new Map<string, Set<string>>()

  constructor(logger: Log) {
    this.#logger = logger
  }

  /** @param work in words: `renewing leases` @param member the lease or shard that it is done for */
  failed(work: string, member: string, error: unknown, fields: LogFields = {}): void {
    const members = this.#failing.get(work) ?? new Map<string, number>()
    this.#failing.set(work, members)
    const times = (members.get(member) ?? 0) + 1
    members.set(member, times)
    const setup = setUpOf(error)
    const about: LogFields = { ...fields, error: errorFields(error) }
    const told = this.#told.get(work) ?? new Set<string>()
    const kind = setup === undefined ? 'outage' : `${setup.reason} ${setup.resource}`
    if (told.has(kind) || (setup === undefined && times < 2)) {
      this.#logger.debug(`${work} failed: will try again`, about)
      return
    }
    this.#told.set(work, told.add(kind))
    if (setup === undefined) this.#logger.warn(`${work} fails: will try again until it works`, about)
    else
      this.#logger.error(`${work} fails: the set-up is wrong, and is tried until it is mended`, {
        ...about,
        reason: setup.reason,
        details: { resource: setup.resource, advice: setup.advice },
      })
  }

  /** The work was done for this one. */
  over(work: string, member: string): void {
    if (this.#leaves(work, member) && this.#told.delete(work)) this.#logger.info(`${work} works again`)
  }

  /** The work is not to be done for this one any more. */
  forget(work: string, member: string): void {
    if (this.#leaves(work, member)) this.#told.delete(work)
  }

  /** Whether it was the last one for which the work failed. */
  #leaves(work: string, member: string): boolean {
    const members = this.#failing.get(work)
    return members?.delete(member) === true && members.size === 0
  }
}
