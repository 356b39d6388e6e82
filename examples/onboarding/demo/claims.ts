/**
 * Owns what becomes of the claims that a killed process held. It was killed between the claim and its end: whether Slack has the message
 * nobody knows. The next owner waits until the claim's lease is over, and makes the attempt again.
 */

import { ScanCommand } from '@aws-sdk/client-dynamodb'
import { dynamodbState } from '@spaceship/handlers/dynamodb'
import type { Say } from './console.ts'
import { type Pad, STATE_TABLE } from './ship.ts'

export interface Claim {
  readonly key: string
  readonly route: string
  /** The end of its lease, in milliseconds since 1970. */
  readonly until: number
}

/** How often the claims are looked at, and how often somebody hears of it. */
const LOOK = 500
const TELL = 5_000

/** The claims that are held now. */
export async function heldClaims(pad: Pad): Promise<readonly Claim[]> {
  const { Items = [] } = await pad.dynamodb.send(
    new ScanCommand({
      TableName: STATE_TABLE,
      ConsistentRead: true,
      ProjectionExpression: '#k',
      ExpressionAttributeNames: { '#k': 'key' },
    }),
  )
  // Of the killed process: the error watch keeps its own in the same table.
  const keys = Items.map((item) => item.key?.S ?? '').filter((key) => key.startsWith('onboarding/claim/'))
  const claims = await Promise.all(keys.map((key) => claimAt(pad, key)))
  return claims.filter((claim) => claim !== undefined)
}

/** Undefined if it has been decided: the effect is known to be made, or given up. */
async function claimAt({ dynamodb }: Pad, key: string): Promise<Claim | undefined> {
  const item = await dynamodbState({ client: dynamodb, table: STATE_TABLE, sorted: true }).get(key)
  if (item?.value.state !== 'held') return undefined
  // APP/claim/REACTOR/ROUTE/IDENTITY
  return { key, route: key.split('/')[3] ?? '', until: Number(item.value.until) }
}

/** Resolves with those that are not decided by `end`; says now and then what it waits for. */
export async function undecided(
  pad: Pad,
  claims: readonly Claim[],
  end: number,
  say: Say,
): Promise<readonly Claim[]> {
  let open = claims
  let told = Date.now()
  while (open.length > 0 && Date.now() < end) {
    const looked = await Promise.all(open.map(({ key }) => claimAt(pad, key)))
    open = looked.filter((claim) => claim !== undefined)
    if (open.length === 0) break
    if (Date.now() - told >= TELL) {
      told = Date.now()
      const left = Math.ceil((Math.max(...open.map(({ until }) => until)) - told) / 1_000)
      const when = left > 0 ? `${left} s left of the lease` : 'the next owner decides'
      say(`… ${open.length} of the claims still open: ${when}`)
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK))
  }
  return open
}
