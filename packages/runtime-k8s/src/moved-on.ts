/**
 * Owns what a worker makes of a lease table that moves on from KCL 2.x while it runs: writes by the rules of 2.x would break those of KCL 3. What is held is
 * finished, and nothing more is taken, until the table is rolled back.
 */

import type { Log } from '@spaceship/core/log'
import { ABOUT_MOVED_ON } from './leases/index.ts'

export class MovedOn {
  readonly #logger: Log
  #how: string | undefined

  constructor(logger: Log) {
    this.#logger = logger
  }

  /** Tells of each change once. @param how what shows it at this look, in words @returns whether it has */
  look(how: string | undefined): boolean {
    if (how !== undefined && this.#how === undefined)
      this.#logger.error('the lease table has moved on from KCL 2.x: no more leases are taken', {
        details: { how, advice: ABOUT_MOVED_ON },
      })
    if (how === undefined && this.#how !== undefined)
      this.#logger.info('the lease table is one of KCL 2.x again: leases are taken')
    this.#how = how
    return how !== undefined
  }
}
