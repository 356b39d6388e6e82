/** The onboarding example's clients with a Standard Schema that is written by hand: what is left is our own part. */

import { entity, event, reminder } from '@spaceship/core'
import type { StandardSchemaV1 } from '@standard-schema/spec'

interface ClientRow {
  readonly id: string
  readonly name: string
  readonly plan: 'trial' | 'paid' | 'churned'
  readonly seats: number
  readonly tutorialStartedAt?: string | undefined
}

/** The check of the fields is the whole of the schema; that it has looked at each of them is what makes `T` true. */
function checked<T>(check: (row: Readonly<Record<string, unknown>>) => boolean): StandardSchemaV1<T, T> {
  return {
    '~standard': {
      version: 1,
      vendor: 'by-hand',
      validate: (value) =>
        check(Object(value)) ? { value: value as T } : { issues: [{ message: 'a field is missing or odd' }] },
    },
  }
}

const isText = (value: unknown) => typeof value === 'string'

export const Client = entity('client', {
  table: 'clients',
  key: 'id',
  schema: checked<ClientRow>(
    ({ id, name, plan, seats, tutorialStartedAt }) =>
      isText(id) &&
      isText(name) &&
      (plan === 'trial' || plan === 'paid' || plan === 'churned') &&
      Number.isInteger(seats) &&
      (tutorialStartedAt === undefined || isText(tutorialStartedAt)),
  ),
})

export const joined = Client.created('client.joined')
export const saved = Client.saved('client.saved')
export const upgraded = Client.changed('client.upgraded', { plan: { from: 'trial', to: 'paid' } })
export const learning = Client.changed('client.tutorial-started', { tutorialStartedAt: { from: undefined } })
export const left = Client.removed('client.left')

export const invoicePaid = event('invoice.paid', {
  schema: checked<{ clientId: string; amount: number }>(
    ({ clientId, amount }) => isText(clientId) && typeof amount === 'number',
  ),
  key: (e) => e.clientId,
})

export const tutorial = reminder('tutorial', {
  payload: checked<{ clientId: string; name: string }>(
    ({ clientId, name }) => isText(clientId) && isText(name),
  ),
  key: (p) => p.clientId,
}).unless(
  Client,
  (p) => p.clientId,
  (c) => c.tutorialStartedAt !== undefined,
)
