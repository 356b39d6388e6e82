/**
 * Owns the nodes, and a connection to each that is asked. A node that is down is an outage for its keys and for no others. No other node
 * takes them over: the node would come back with what it knew before.
 */

import type { ConnectionOptions } from 'node:tls'
import { Unavailable } from '@spaceship/core'
import type { Address } from './address.ts'
import { classified } from './errors.ts'
import { type Link, openLink } from './link.ts'
import { Refusal, type Request } from './requests.ts'
import { ringOf } from './ring.ts'

export interface Nodes {
  readonly addresses: readonly Address[]
  /** From now on these are the nodes. What is under way with others is waited for. */
  replace(addresses: readonly Address[]): void
  /** @returns undefined if there are no nodes */
  nodeOf(key: string): Address | undefined
  /** @throws Unavailable or Permanent, as the table of `errors.ts` says */
  ask<T>(address: Address, request: Request<T>, timeout: number): Promise<T>
  /** Ends every connection once what is under way has been answered. It never rejects. */
  close(): Promise<void>
}

/** @param failed is called whenever a node has not answered */
export function createNodes(tls: ConnectionOptions | undefined, failed: () => void): Nodes {
  const links = new Map<string, Link>()
  let byName = new Map<string, Address>()
  let ring = ringOf([])

  function linkTo(address: Address): Link {
    const there = links.get(placeOf(address))
    if (there !== undefined) return there
    const place = placeOf(address)
    const link = openLink(address, tls, () => {
      if (links.get(place) === link) links.delete(place)
    })
    links.set(place, link)
    return link
  }

  function retireBut(kept: ReadonlySet<string>): Promise<unknown> {
    const gone = [...links].filter(([place]) => !kept.has(place))
    for (const [place] of gone) links.delete(place)
    return Promise.all(gone.map(([, link]) => link.retire()))
  }

  return {
    get addresses() {
      return [...byName.values()]
    },
    replace: (addresses) => {
      byName = new Map(addresses.map((address) => [address.name, address]))
      ring = ringOf([...byName.keys()])
      // It never rejects, and nobody waits for it.
      void retireBut(new Set(addresses.map(placeOf)))
    },
    nodeOf: (key) => {
      const name = ring(key)
      return name === undefined ? undefined : byName.get(name)
    },
    ask: async (address, request, timeout) => {
      try {
        return await linkTo(address).ask(request, timeout)
      } catch (error) {
        const told = classified({ node: address.name, command: request.command }, error)
        if (told instanceof Unavailable && !(error instanceof Refusal)) failed()
        throw told
      }
    },
    close: async () => {
      await retireBut(new Set())
    },
  }
}

/** A machine that takes a node's place under the same name is another place. */
function placeOf({ name, at }: Address): string {
  return `${name} ${at}`
}
