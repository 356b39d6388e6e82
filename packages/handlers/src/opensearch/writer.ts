/** Owns a write on its way: to an index of somebody's, or to every version of one that Spaceship keeps. */

import { Unavailable } from '@spaceship/core'
import type { Clock } from '@spaceship/core/ports'
import { type Bulk, createBulk } from './bulk.ts'
import { ASKED, GONE, type Item, sentOf, type Written, writtenBy } from './item.ts'
import { bodyOf, type Operation, operationOf, type Write } from './operation.ts'
import { lookAt } from './place.ts'
import type { Call } from './request.ts'
import type { SearchIndex } from './search-index.ts'
import { createTargets, type Targets } from './targets.ts'
import type { Versions } from './versions.ts'

export interface Writer {
  /** @throws Unavailable with `setup` if no documents can be written to an index of somebody's */
  check(index: string): Promise<void>
  /** To an index of somebody's, under its name. */
  direct(index: string, write: Write, signal: AbortSignal): Promise<Written>
  /** To an index that Spaceship keeps. */
  kept(index: SearchIndex, write: Write, signal: AbortSignal): Promise<Written>
}

export interface WriterOptions {
  readonly call: Call
  readonly versions: Versions
  /** Lets an index of somebody's be made by the first write. Undefined: on the embedded spaceship only. */
  readonly create: boolean | undefined
  readonly clock: Clock
  readonly random: () => number
  /** Writes in one request at most, and bytes. */
  readonly limits: { readonly most: number; readonly room: number }
}

/** A version may go while it is written, and then another is there. */
const ROUNDS = 5

export function createWriter({ call, versions, create, clock, random, limits }: WriterOptions): Writer {
  const bulks = { alias: new Map<string, Bulk<Item>>(), index: new Map<string, Bulk<Item>>() }
  const views = new Map<string, Targets>()

  /** One for each address: who writes needs access to that index alone. */
  function bulkTo(address: string, isAlias: boolean): Bulk<Item> {
    const known = bulks[isAlias ? 'alias' : 'index']
    return remembered(known, address, () => {
      const path = `/${encodeURIComponent(address)}/_bulk`
      const querystring = { filter_path: ASKED, ...(isAlias && { require_alias: 'true' }) }
      // An alias that is missing is told by each write.
      let isKnown = isAlias
      const send = async (operations: readonly Operation[], signal: AbortSignal) => {
        const refused = isKnown ? undefined : await lookAt(call, address, create, signal)
        if (refused !== undefined) return refused
        isKnown = true
        const request = { index: address, method: 'POST', path, querystring, bulkBody: bodyOf(operations) }
        const sent = await sentOf(call(request, signal), address, operations.length)
        // Somebody may have made something else of the name since.
        if ('answers' in sent && sent.answers.some(isDoubtful)) await lookAt(call, address, true, signal)
        return sent
      }
      return createBulk({ send, clock, random, ...limits })
    })
  }

  return {
    check: async (index) => {
      const refused = await lookAt(call, index, create, new AbortController().signal)
      if (refused !== undefined) throw refused.error
    },
    // No async function: each write that waits would hold a frame of it.
    direct: (index, write, signal) =>
      bulkTo(index, false)
        .write(operationOf(write), signal)
        .then((item) => writtenBy(item, index)),
    kept: async (index, write, signal) => {
      const operation = operationOf(write)
      const targets = remembered(views, index.name, () =>
        createTargets(() => versions.writable(index), clock),
      )
      const outcomes = new Map<string, Written>()

      async function writeTo(alias: string): Promise<boolean> {
        const item = await bulkTo(alias, true).write(operation, signal)
        const written = writtenBy(item, alias, GONE)
        if (written !== GONE) outcomes.set(alias, written)
        return written !== GONE
      }

      for (let round = 0; round < ROUNDS; round += 1) {
        const view = await targets.current(signal)
        const left = view.aliases.filter((alias) => !outcomes.has(alias))
        const there = await Promise.all(left.map(writeTo))
        if (there.includes(false)) targets.forget(view)
        else if (targets.isYoung(view))
          return [...outcomes.values()].includes('applied') ? 'applied' : 'stale'
      }
      throw new Unavailable(
        'opensearch',
        `the versions of the index '${index.name}' change while it is written`,
      )
    },
  }
}

/** An alias of several indices is refused in these words, and a text that is too long. */
function isDoubtful({ status, body }: Item): boolean {
  return status === 400 && Object(Object(body).error).type === 'illegal_argument_exception'
}

function remembered<T>(known: Map<string, T>, key: string, make: () => T): T {
  const there = known.get(key)
  if (there !== undefined) return there
  const made = make()
  known.set(key, made)
  return made
}
