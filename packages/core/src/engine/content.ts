/**
 * Owns the shape of what a route gets of a record. Each kind of thing that can arrive makes contents of its own; the engine asks them
 * only what stands here.
 *
 * | a content that                          | has        | is asked                                   |
 * |-----------------------------------------|------------|--------------------------------------------|
 * | holds the event                         | `event`    | nothing                                    |
 * | can be given to no handler              | `refusal`  | nothing: it becomes a dead letter          |
 * | names state (a letter, a window)        | `recall`   | before anything is written ahead           |
 * | names state that decides as it fires    | `lookUp`   | after everything is written ahead          |
 */

import type { EventMeta } from '../declare/event.ts'
import type { DeadLetter, DeadReason } from '../ports/index.ts'
import type { RoutePlan } from './plan.ts'
import type { Place, Settings } from './settings.ts'

export interface Content {
  readonly event?: EventMeta | undefined
  readonly refusal?: Refusal | undefined
  /** The dead letter that the content was read from. */
  readonly letter?: DeadLetter | undefined
  /** For a record that names letters: the one that it names, or undefined for all letters of its lane. */
  readonly names?: { readonly letter: string | undefined }
  /**
   * What the event is called wherever its repeats must be told; '' if it has no name.
   *
   * @param concealed what stands in place of a key in it @default the key @throws SpaceshipError if it cannot be told
   */
  identity(concealed?: (key: string) => string): string
  /** What tells its letters from those of others. @default its identity: a producer that chose that may have given it twice */
  fingerprint?(): string
  /** Finds what the record names. */
  recall?(asking: Recalling): Promise<Recalled>
  /** Finds what the handler gets, or why it must not be called. */
  lookUp?(settings: Settings): Promise<LookedUp>
  /** The same for a redriven letter: `redriven` says when someone asked, and for which letter. */
  readAgain?(letter: DeadLetter, redriven: { readonly at: Date; readonly of: string }): Content
  /** Called once every route of the record has ended. */
  closing?(settings: Settings): Promise<void>
}

export interface Refusal {
  readonly reason: DeadReason
  readonly detail: string
}

/** What a content is told when it is to find what it names. */
export interface Recalling {
  readonly plan: RoutePlan
  readonly lane: string
  readonly place: Place
  readonly settings: Settings
  /** The letter to read instead of the one that the record names. */
  readonly letter: string | undefined
  /** What the record of a letter causes, wherever it stood. */
  matchLetter(letter: DeadLetter): readonly Share[] | Promise<readonly Share[]>
}

export type LookedUp = { readonly event: EventMeta } | { readonly skip: string }

export type Recalled =
  | Found
  /** For a letter that had reached no route: what it causes now. */
  | { readonly shares: readonly Share[]; readonly redrives: string | undefined }
  /** There is nothing to run. */
  | { readonly skip: string; readonly redrives?: string | undefined }

export interface Found {
  readonly content: Content
  /** The letter that the record asks for again, to be removed when the record is done. */
  readonly redrives?: string | undefined
  /** Which part of the task this is: its attempts are counted apart. */
  readonly part?: string | undefined
  /** Of the redrive that asked. */
  readonly generation?: number | undefined
  /** To be done once the content has been handled, or is kept as a dead letter. */
  readonly handled?: (() => Promise<void>) | undefined
  /** Other parts of the task follow. */
  readonly more?: boolean
  /** What the letter of this part holds instead of the record, and what tells it from the letters of other parts. */
  readonly letterPart?: { readonly name: string; readonly data: string } | undefined
}

/** One route's share of a record. */
export interface Share {
  readonly plan: RoutePlan
  readonly lane: string
  readonly content: Content
}

/** An event that is known at once. A class: one is made for nearly every record. */
export class EventContent implements Content {
  readonly event: EventMeta
  readonly letter: DeadLetter | undefined

  constructor(event: EventMeta, letter?: DeadLetter) {
    this.event = event
    this.letter = letter
  }

  identity(): string {
    return this.event.id
  }

  readAgain(letter: DeadLetter, redriven: { readonly at: Date; readonly of: string }): Content {
    // The event was made for this attempt alone.
    Object.assign(this.event, { redriven })
    return new EventContent(this.event, letter)
  }
}

/** A record that no handler can be given. */
function refused(refusal: Refusal, named: Named, letter?: DeadLetter): Content {
  return { refusal, letter, ...named, readAgain: (again) => refused(refusal, named, again) }
}

type Named = Pick<Content, 'identity' | 'fingerprint'>

const UNNAMED: Named = { identity: () => '' }

/**
 * A record that no handler can be given; its lane is '' where its key is not known: then it waits for no other.
 *
 * @param named what tells its repeats, where that is known
 */
export function refusedShare(
  plan: RoutePlan,
  reason: DeadReason,
  detail: string,
  { lane = '', named = UNNAMED }: { readonly lane?: string; readonly named?: Named } = {},
): Share {
  return { plan, lane, content: refused({ reason, detail }, named) }
}
