/**
 * Records that name state of ours. They carry no payload: it is read from the store, so that whoever may put a record on
 * the stream cannot forge what it does.
 *
 * | kind       | names                                      | put by                        |
 * |------------|--------------------------------------------|-------------------------------|
 * | `reminder` | a reminder's key and generation            | the scheduler, when it is due |
 * | `redrive`  | a dead letter, which becomes a record again | `createRedrive`               |
 * | `drain`    | a parked lane, which runs again in order   | `createRedrive`               |
 * | `tick`     | a route and the time it was scheduled for  | EventBridge Scheduler         |
 */
export type Envelope = ReminderEnvelope | RedriveEnvelope | DrainEnvelope | TickEnvelope

interface Addressed {
  /** Other applications on the stream drop it. */
  readonly application: string
  /** Grows with each time that someone asks: what was done or dead for an older one may run again. */
  readonly generation: number
}

export interface ReminderEnvelope extends Addressed {
  readonly kind: 'reminder'
  readonly reminder: string
  readonly key: string
}

export interface RedriveEnvelope extends Addressed {
  readonly kind: 'redrive'
  /** `reactor/route`, or '' for a record that reached no route. */
  readonly route: string
  readonly lane: string
  readonly letter: string
}

export interface DrainEnvelope extends Addressed {
  readonly kind: 'drain'
  readonly route: string
  readonly lane: string
}

export interface TickEnvelope {
  readonly kind: 'tick'
  readonly application: string
  readonly route: string
  /** ISO 8601. */
  readonly scheduled: string
}

const NAMES: Readonly<Record<string, readonly string[]>> = {
  reminder: ['reminder', 'key'],
  redrive: ['route', 'lane', 'letter'],
  drain: ['route', 'lane'],
  tick: ['route', 'scheduled'],
}

export function encodeEnvelope(envelope: Envelope): string {
  return JSON.stringify({ spaceship: 1, ...envelope })
}

/** The envelope in a parsed JSON value, or undefined if that is something else. */
export function envelopeOf(json: Readonly<Record<string, unknown>>): Envelope | undefined {
  const { spaceship, kind, application, generation, scheduled } = json
  const names = typeof kind === 'string' && Object.hasOwn(NAMES, kind) ? NAMES[kind] : undefined
  if (spaceship !== 1 || names === undefined || typeof application !== 'string') return undefined
  if (names.some((name) => typeof json[name] !== 'string')) return undefined
  const timed = kind === 'tick' ? Date.parse(String(scheduled)) : generation
  if (typeof timed !== 'number' || Number.isNaN(timed)) return undefined
  const fields = Object.fromEntries(names.map((name) => [name, json[name]]))
  // Every field that the kind has was checked above.
  return { kind, application, generation, ...fields } as unknown as Envelope
}
