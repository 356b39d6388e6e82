/** Owns what is done about letters: they are put back on the stream, their lane is drained, or they are discarded. Each has an audit line. */

import { KinesisClient } from '@aws-sdk/client-kinesis'
import { SpaceshipError } from '@spaceship/core'
import { createRedrive, type Redrive } from '@spaceship/core/engine'
import type { DeadLetter } from '@spaceship/core/ports'
import { kinesisSink } from '@spaceship/handlers/kinesis'
import { usage } from '../show/index.ts'
import { audit } from './audit.ts'
import { type Filters, passes } from './letter-filters.ts'
import { headOf } from './letter-shown.ts'
import { type Mail, mailOf, type Whereabouts } from './mail.ts'
import type { Terminal } from './terminal.ts'

/** What an audit line tells of a letter. */
type Head = Omit<DeadLetter, 'data'>

export interface ActOptions extends Whereabouts, Filters {
  readonly dryRun?: boolean
  readonly all?: boolean
}

export async function redrive(
  terminal: Terminal,
  given: readonly string[],
  options: ActOptions,
): Promise<void> {
  oneWayOf(given, options, 'a filter such as --route, or --all')
  const mail = await mailOf(terminal, options)
  const [run, close] = redriveOf(mail, options.dryRun)
  const told = progress(terminal, audit(terminal, mail, options, 'redrive'))
  let count = 0
  try {
    if (given.length > 0)
      for (const letter of await lettersNamed(mail, given)) {
        await run.letter(letter.id)
        told(letter)
        count += 1
      }
    else count = await run.letters(passes(options, mail.now), told)
  } finally {
    close()
  }
  terminal.say(
    options.dryRun
      ? `${lettersOf(count)} would be put back`
      : `${lettersOf(count)} put back on ${mail.stream}`,
  )
}

export async function drain(terminal: Terminal, given: string, options: ActOptions): Promise<void> {
  const mail = await mailOf(terminal, options)
  const letter = await letterNamed(mail, given)
  const told = audit(terminal, mail, options, 'drain')
  const [run, close] = redriveOf(mail, options.dryRun)
  try {
    await run.lane(letter.id)
    told(letter)
  } finally {
    close()
  }
}

export async function discard(
  terminal: Terminal,
  given: readonly string[],
  options: ActOptions,
): Promise<void> {
  oneWayOf(given, options, 'or a filter such as --reason')
  const mail = await mailOf(terminal, options)
  const pass = passes(options, mail.now)
  const [run, close] = redriveOf(mail, options.dryRun)
  const told = progress(terminal, audit(terminal, mail, options, 'discard'))
  let count = 0
  try {
    const letters = given.length > 0 ? await lettersNamed(mail, given) : await headsOf(mail, pass)
    // Those that wait come first: what goes on once the letter before them is gone would run them.
    for (const letter of [...letters].sort((a, b) => waits(b) - waits(a))) {
      // Before it is gone: who discarded it is known also where the rest fails.
      told(letter)
      if (options.dryRun || (await isDiscarded(run, letter))) count += 1
    }
  } finally {
    close()
  }
  terminal.say(`${lettersOf(count)} ${options.dryRun ? 'would be removed' : 'removed'}`)
}

const waits = ({ reason }: Head): number => Number(reason === 'parked')

/** @returns false for a letter that is gone since it was listed, as one that was redriven */
async function isDiscarded(run: Redrive, { id }: Head): Promise<boolean> {
  try {
    await run.discard(id)
    return true
  } catch (error) {
    if (error instanceof SpaceshipError && error.code === 'no-letter') return false
    throw error
  }
}

/** @throws SpaceshipError `usage` unless letters are named, or chosen by filters */
function oneWayOf(
  given: readonly string[],
  { reactor, route, reason, since, until, all }: ActOptions,
  other: string,
): void {
  const filtered = [reactor, route, reason, since, until].some((value) => value !== undefined)
  if (given.length === 0 && !filtered && !all)
    throw usage(`no letter is named: expected ids, numbers, ${other}`)
  if (given.length > 0 && (filtered || all))
    throw usage('letters are named, and filters are given: expected one of the two')
}

const lettersOf = (count: number): string => `${count} letter${count === 1 ? '' : 's'}`

/** All of them are found before something is done about the first. */
async function lettersNamed(mail: Mail, given: readonly string[]): Promise<Iterable<DeadLetter>> {
  const named = new Map<string, DeadLetter>()
  for (const one of given) {
    const letter = await letterNamed(mail, one)
    named.set(letter.id, letter)
  }
  return named.values()
}

/** Those that pass: there may be many, and a record may be large. */
async function headsOf(
  { deadLetters, application }: Mail,
  pass: (letter: DeadLetter) => boolean,
): Promise<readonly Head[]> {
  const heads: Head[] = []
  for await (const letter of deadLetters.list(application)) if (pass(letter)) heads.push(headOf(letter))
  return heads
}

/** Milliseconds between two words of it. */
const OFTEN = 1_000

/** Whoever keeps the audit lines in a file sees nothing else for a while. */
function progress(terminal: Terminal, told: (letter: Head) => void): (letter: Head) => void {
  let count = 0
  let said = Date.now()
  return (letter) => {
    told(letter)
    count += 1
    if (Date.now() - said < OFTEN) return
    said = Date.now()
    terminal.say(`… ${count} letters so far`)
  }
}

/** With a dry run everything happens but the put. */
function redriveOf(mail: Mail, dryRun = false): readonly [Redrive, () => void] {
  const { application, deadLetters, stream } = mail
  const client = new KinesisClient()
  const events = dryRun ? { put: async () => {} } : kinesisSink({ client, stream })
  return [createRedrive({ application, deadLetters, events }), () => client.destroy()]
}

/** @throws SpaceshipError `no-letter` */
export async function letterNamed({ deadLetters, application }: Mail, given: string): Promise<DeadLetter> {
  const whole = await deadLetters.get(given)
  if (whole !== undefined) return whole
  let number = 0
  if (/^[1-9]\d*$/.test(given))
    for await (const letter of deadLetters.list(application)) {
      number += 1
      if (number === Number(given)) return letter
    }
  throw new SpaceshipError(
    'no-letter',
    `there is no letter '${given}': expected an id, or a number in 'spaceship letters list'`,
  )
}
