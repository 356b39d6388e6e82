/** Owns where a node is: its name, under which keys are given to it, and where it is connected to. */

import { plain } from '@spaceship/core/adapter'

export interface Address {
  /** `host:port`: the node's name on the ring and in messages. It stays when another machine takes the node's place. */
  readonly name: string
  /** What certificates are made out to. */
  readonly host: string
  /** What is connected to: the host, or the IP address that a discovery tells. */
  readonly at: string
  readonly port: number
}

const FORM = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:/@|[\]]+)):([1-9]\d{0,4})$/

export const ADDRESS = plain(
  "an address such as 'cache.example:11211'",
  (text) => typeof text === 'string' && addressOf(text) !== undefined,
)

/** @returns undefined for what is no `host:port`; an IPv6 address stands in brackets */
export function addressOf(text: string): Address | undefined {
  const [, v6, other, digits] = FORM.exec(text) ?? []
  const host = v6 ?? other
  const port = Number(digits)
  if (host === undefined || port > 65_535) return undefined
  return { name: text, host, at: host, port }
}
