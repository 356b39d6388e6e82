/**
 * Records that name state of ours. They carry no payload: it is read from the store, so that whoever may put a record on
 * the stream cannot forge what it does.
 */
export interface ReminderEnvelope {
  readonly kind: 'reminder'
  readonly application: string
  readonly reminder: string
  readonly key: string
  readonly generation: number
}

export function encodeEnvelope(envelope: ReminderEnvelope): string {
  return JSON.stringify({ spaceship: 1, ...envelope })
}

/** The envelope in a parsed JSON value, or undefined if that is something else. */
export function envelopeOf(json: Readonly<Record<string, unknown>>): ReminderEnvelope | undefined {
  const { spaceship, kind, application, reminder, key, generation } = json
  if (spaceship !== 1 || kind !== 'reminder') return undefined
  if (typeof application !== 'string' || typeof reminder !== 'string' || typeof key !== 'string')
    return undefined
  return typeof generation === 'number' ? { kind, application, reminder, key, generation } : undefined
}
