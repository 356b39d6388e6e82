/**
 * Records that name state of ours. They carry no payload: it is read from the store, so that whoever may put a record on
 * the stream cannot forge what it does.
 *
 * | kind       | names                                      | put by                        |
 * |------------|--------------------------------------------|-------------------------------|
 * | `reminder` | a reminder's key and generation            | the scheduler, when it is due |
 * | `redrive`  | a dead letter, which becomes a record again | `createRedrive`               |
 * | `drain`    | a parked lane, which runs again in order   | `createRedrive`               |
 */
export type Envelope = ReminderEnvelope | RedriveEnvelope | DrainEnvelope

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

const NAMES: Readonly<Record<string, readonly string[]>> = {
  reminder: ['reminder', 'key'],
  redrive: ['route', 'lane', 'letter'],
  drain: ['route', 'lane'],
}

export function encodeEnvelope(envelope: Envelope): string {
  return JSON.stringify({ spaceship: 1, ...envelope })
}

/** The envelope in a parsed JSON value, or undefined if that is something else. */
export function envelopeOf(json: Readonly<Record<string, unknown>>): Envelope | undefined {
  const { spaceship, kind, application, generation } = json
  const names = typeof kind === 'string' && Object.hasOwn(NAMES, kind) ? NAMES[kind] : undefined
  if (spaceship !== 1 || names === undefined || typeof generation !== 'number') return undefined
  if (typeof application !== 'string' || names.some((name) => typeof json[name] !== 'string'))
    return undefined
  const fields = Object.fromEntries(names.map((name) => [name, json[name]]))
  // Every field that the kind has was checked above.
  return { kind, application, generation, ...fields } as unknown as Envelope
}
