/**
 * What the benches read: clients of 17 attributes with nested maps, lists and numbers, half of them with text beyond ASCII,
 * as the change records that DynamoDB writes. About 1.2 KB as INSERT, 2.0 KB as MODIFY. The same seed gives the same records.
 */

import { entity, marshal } from '@spaceship/core'
import { chanceOf } from '@spaceship/core/testing'
import * as z from 'zod'

export const clientSchema = z.object({
  id: z.string(),
  email: z.string(),
  name: z.string(),
  company: z.string(),
  status: z.enum(['trial', 'paid', 'closed']),
  seats: z.number().int(),
  balance: z.number(),
  active: z.boolean(),
  createdAt: z.string(),
  updatedAt: z.string(),
  version: z.number().int(),
  address: z.object({ street: z.string(), city: z.string(), zip: z.string(), country: z.string() }),
  tags: z.array(z.string()),
  limits: z.object({ users: z.number(), storageGb: z.number(), features: z.array(z.string()) }),
  notes: z.string(),
  referrer: z.string().nullable(),
  scores: z.array(z.number()),
})

export const Client = entity('client', { table: 'clients', key: 'id', schema: clientSchema })

export type ClientRow = z.infer<typeof clientSchema>

export interface ClientRecords {
  readonly inserts: readonly string[]
  readonly modifies: readonly string[]
}

/** Change records as JSON texts. */
export function clientRecords(count: number, seed = 1): ClientRecords {
  const { random } = chanceOf(seed)
  const rows = Array.from({ length: count }, (_, n) => clientOf(n, random))
  return {
    inserts: rows.map((row, n) => recordOf('INSERT', n, random, undefined, row)),
    modifies: rows.map((row, n) => recordOf('MODIFY', n, random, row, edited(row))),
  }
}

function clientOf(n: number, random: () => number): ClientRow {
  const foreign = n % 2 === 1
  const pick = <T>(...items: readonly [T, ...T[]]): T =>
    items[Math.floor(random() * items.length)] ?? items[0]
  const id = uuidOf(random)
  const name = foreign
    ? pick('Åsa Öberg', 'Zoë Müller', '山田 太郎', 'Łukasz Żółć')
    : pick('Ann Smith', 'Bob Jones', 'Cleo West')
  return {
    id,
    email: `${id.slice(0, 8)}@example.com`,
    name,
    company: foreign
      ? pick('Café Noël AG', 'Büro für Maße', '株式会社サンプル')
      : pick('Acme Ltd', 'Initech LLC'),
    status: pick('trial', 'paid', 'closed'),
    seats: Math.floor(random() * 500),
    balance: Math.floor(random() * 1e7) / 100,
    active: random() < 0.8,
    createdAt: new Date(1_700_000_000_000 + Math.floor(random() * 5e10)).toISOString(),
    updatedAt: new Date(1_760_000_000_000 + Math.floor(random() * 5e10)).toISOString(),
    version: Math.floor(random() * 1_000),
    address: {
      street: `${Math.floor(random() * 200)} ${foreign ? 'Königstraße' : 'High Street'}`,
      city: foreign ? pick('Zürich', 'Malmö', 'Łódź') : pick('Leeds', 'Boston'),
      zip: String(10_000 + Math.floor(random() * 80_000)),
      country: pick('GB', 'CH', 'SE', 'JP'),
    },
    tags: ['vip', 'newsletter', pick('beta', 'churn-risk', 'partner')],
    limits: { users: 25, storageGb: Math.floor(random() * 1_000), features: ['sso', 'audit', 'export'] },
    notes: foreign
      ? 'Ruft lieber am Nachmittag zurück – bitte höflich grüßen.'
      : 'Prefers to be called in the afternoon.',
    referrer: random() < 0.5 ? null : 'spring-campaign',
    scores: Array.from({ length: 4 }, () => Math.floor(random() * 1_000) / 10),
  }
}

function edited(row: ClientRow): ClientRow {
  return { ...row, status: 'paid', seats: row.seats + 1, version: row.version + 1 }
}

function recordOf(
  eventName: string,
  n: number,
  random: () => number,
  before: ClientRow | undefined,
  after: ClientRow,
): string {
  return JSON.stringify({
    awsRegion: 'eu-west-1',
    eventID: uuidOf(random),
    eventName,
    userIdentity: null,
    recordFormat: 'application/json',
    tableName: Client.spec.table,
    dynamodb: {
      ApproximateCreationDateTime: 1_796_000_000_000_000 + n,
      ApproximateCreationDateTimePrecision: 'MICROSECOND',
      Keys: marshal({ id: after.id }),
      NewImage: marshal(after),
      ...(before === undefined ? {} : { OldImage: marshal(before) }),
      SizeBytes: 640,
    },
    eventSource: 'aws:dynamodb',
  })
}

function uuidOf(random: () => number): string {
  const hex = Array.from({ length: 32 }, () => Math.floor(random() * 16).toString(16)).join('')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
