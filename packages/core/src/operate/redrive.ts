import { SpaceshipError } from '../errors.ts'
import { type Clock, type DeadLetter, type DeadLetters, type EventSink, systemClock } from '../ports/index.ts'
import { bare, callable, check, port, required, type ShapesOf, text } from '../shapes.ts'
import { type Envelope, encodeEnvelope } from '../wire/index.ts'

export interface RedriveOptions {
  readonly application: string
  readonly deadLetters: DeadLetters
  /** The stream that the application reads: what is redriven comes through the same door as everything else. */
  readonly events: EventSink
  /**
   * Says as of when a redrive is: with `effect: 'claim'`, one as of an earlier moment than one that has failed counts as a repeat of that.
   *
   * @default the system's
   */
  readonly clock?: Clock
}

export interface Redrive {
  /**
   * Puts one dead letter back. It runs for its own route only, in its lane; a letter that had reached no route reaches all that
   * want it now, and one of a parked lane brings that whole lane. Once it is done it is removed; if it fails again it stays.
   *
   * @throws SpaceshipError `no-letter` if there is none of that id
   */
  letter(id: string): Promise<void>
  /**
   * Puts back every letter that passes, oldest first; what waits in a parked lane comes with the letter it waits behind.
   *
   * @param pass gets letters without their bytes, as does `told`
   * @param told called after each that was put back
   * @returns how many
   */
  letters(pass?: (letter: DeadLetter) => boolean, told?: (letter: DeadLetter) => void): Promise<number>
  /**
   * Runs the records of a parked lane in their order, and opens it again after the last. It ends at the first that fails.
   *
   * @param letter the id of any letter of the lane
   * @throws SpaceshipError `no-letter` if there is none of that id
   */
  lane(letter: string): Promise<void>
  /**
   * Removes a letter for good: its record is never handled. Where it parked its lane, what waits behind it goes on without it, as by
   * `lane`; one that only waits leaves its lane as it is.
   *
   * @throws SpaceshipError `no-letter` if there is none of that id
   */
  discard(letter: string): Promise<void>
}

export const REDRIVE = {
  options: bare({
    application: required(text('the name of the application whose letters these are')),
    deadLetters: required(port('get', 'the DeadLetters that the application writes')),
    events: required(port('put', 'an EventSink on the stream that the application reads')),
    clock: port('now', 'a Clock'),
  } satisfies ShapesOf<RedriveOptions>),
}

export const LETTERS = { pass: callable, told: callable }

/**
 * Brings dead letters back. It only names them on the stream: their payload is read from the store, so whoever may put records
 * there cannot forge one.
 *
 * @throws ConfigurationError that lists every problem
 * @example
 * const redrive = createRedrive({ application: 'onboarding', deadLetters, events })
 * await redrive.letters((letter) => letter.route === 'welcome')
 */
export function createRedrive(options: RedriveOptions): Redrive {
  check('redrive', REDRIVE, { options })
  const { application, deadLetters, events, clock = systemClock } = options

  async function found(id: string): Promise<DeadLetter> {
    const letter = await deadLetters.get(id)
    if (letter !== undefined) return letter
    throw new SpaceshipError(
      'no-letter',
      `no dead letter has the id '${id}': expected one that was written, and not redriven yet`,
    )
  }

  /** Under the partition key of the record, so that it comes to the shard that owns its lane. */
  async function put({ partitionKey }: DeadLetter, envelope: Envelope): Promise<void> {
    await events.put([{ partitionKey, data: new TextEncoder().encode(encodeEnvelope(envelope)) }])
  }

  async function one(letter: DeadLetter): Promise<void> {
    const { id, lane } = letter
    await put(letter, {
      kind: 'redrive',
      application,
      generation: clock.now(),
      route: routeOf(letter),
      lane,
      letter: id,
    })
  }

  async function drain(letter: DeadLetter): Promise<void> {
    const { lane } = letter
    await put(letter, { kind: 'drain', application, generation: clock.now(), route: routeOf(letter), lane })
  }

  return {
    letter: async (id) => one(await found(id)),
    letters: async (pass = () => true, told = () => {}) => {
      check('redrive.letters', LETTERS, { pass, told })
      let count = 0
      /** Lanes with a letter that the others wait behind, and the first letter of those in which all only wait. */
      const led = new Set<string>()
      const waiting = new Map<string, DeadLetter>()
      const bring = async (letter: DeadLetter) => {
        if (!pass(letter)) return
        await one(letter)
        count += 1
        told(letter)
      }
      // Without their bytes: a store need not list them in order, and there may be many.
      const heads: DeadLetter[] = []
      for await (const letter of deadLetters.list(application)) heads.push({ ...letter, data: NO_BYTES })
      for (const letter of heads.sort((a, b) => a.at.getTime() - b.at.getTime())) {
        const name = `${routeOf(letter)}/${letter.lane}`
        if (letter.reason !== 'parked') {
          led.add(name)
          await bring(letter)
        } else if (!waiting.has(name)) waiting.set(name, letter)
      }
      // Its leader's owner died before it wrote the letter, or the lane was drained while this one was written.
      for (const [name, letter] of waiting) if (!led.has(name)) await bring(letter)
      return count
    },
    lane: async (id) => drain(await found(id)),
    discard: async (id) => {
      const letter = await found(id)
      await deadLetters.remove(id)
      // In this order: a drain that came first would run the record once more. Whether its lane is parked only the engine knows.
      if (letter.route !== undefined && letter.reason !== 'parked') await drain(letter)
    },
  }
}

const NO_BYTES = new Uint8Array()

function routeOf({ reactor, route }: DeadLetter): string {
  return route === undefined ? '' : `${reactor}/${route}`
}
