/** Owns what is told of malformed rows in the lease table: once for each, when it is seen first, and again if it went away and came back. */

import type { Log } from '@spaceship/core/log'
import type { LeaseTable, MalformedRow } from './leases/index.ts'

const ADVICE =
  "correct the row's attributes to what KCL writes, with the checkpoint at which its shard stands; a row that is deleted is made anew, and its shard may be read again from its start"

/** The table, of which each scan tells what is malformed in it. */
export function tellingLeases(table: LeaseTable, logger: Log): LeaseTable {
  let told: ReadonlySet<string> = new Set()

  function tell(malformed: readonly MalformedRow[]): void {
    for (const { key, problems } of malformed) {
      if (told.has(key)) continue
      const details = { problems, advice: ADVICE }
      logger.error('a row of the lease table is malformed: it is left out, and nobody reads its shard', {
        ...{ lease: key, details },
      })
    }
    told = new Set(malformed.map(({ key }) => key))
  }

  return {
    ...table,
    scan: async (how) => {
      const found = await table.scan(how)
      tell(found.malformed)
      return found
    },
  }
}
