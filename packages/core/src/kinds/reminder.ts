/**
 * A reminder that is due: an envelope names its key and generation, and its state decides what becomes of it as it fires.
 *
 * ```
 * envelope ── of this application? ── wants of the reminder ──┬─> its state is looked up when all is claimed
 *                                                             └─ none: a dead letter, no-route
 * ```
 */

import type { Origin, ReminderSpec } from '../declare/event.ts'
import { type Content, type LookedUp, refusedShare } from '../engine/content.ts'
import type { Kind } from '../engine/kind.ts'
import { unrouted, type Want } from '../engine/plan.ts'
import { codeOf } from '../errors.ts'
import { errorFields } from '../log/index.ts'
import type { DeadLetter } from '../ports/index.ts'
import { type FiringSettings, markHandled, resolveReminder } from '../reminders/firing.ts'
import type { ReminderEnvelope } from '../wire/index.ts'
import { addressedReader } from './addressed.ts'

export const reminder: Kind = {
  name: 'reminder',
  spec: 'reminder',
  reader: ({ application, wants }) => {
    const byName = new Map<string, Want<ReminderSpec>[]>()
    for (const want of wants)
      if (isOfReminder(want)) byName.set(want.name, [...(byName.get(want.name) ?? []), want])
    return addressedReader<ReminderEnvelope>(['reminder'], application, {
      describe: ({ reminder }) => `the reminder '${reminder}' is due`,
      shares: (envelope, origin, why) => {
        const wanting = byName.get(envelope.reminder) ?? []
        const lane = `${envelope.reminder}/${envelope.key}`
        if (wanting.length === 0) {
          const detail = `no route handles the reminder '${envelope.reminder}'`
          return [
            refusedShare(unrouted, 'no-route', detail, {
              named: { identity: (concealed) => identityOf(envelope, concealed) },
            }),
          ]
        }
        return wanting.map((want) => {
          why?.(want, true, () => 'it matches')
          return { plan: want.plan, lane, content: new DueContent(envelope, want, origin, undefined) }
        })
      },
    })
  },
  problems: ({ wants, application, routes }, { entities }) => {
    const names = new Set(wants.filter(isOfReminder).map(({ name }) => name))
    const looking = wants.filter(isOfReminder).find(({ spec }) => spec.unless)
    return [
      ...(looking !== undefined && entities === undefined
        ? [
            `'entities' is missing, but '${looking.plan.key}' has 'unless', which reads a row: expected an EntityReader, for instance dynamodbEntities(...)`,
          ]
        : []),
      ...routes.flatMap(({ key, handler }) =>
        (handler.needs ?? []).flatMap(({ verb, target, application: handled = application }) => {
          if (verb !== 'schedules' || (handled === application) === names.has(target)) return []
          const wrong =
            handled === application
              ? `, which no route handles: add .on('...', ${target}, ...)`
              : ` for the application '${handled}', but it is handled here: create the reminders with application '${application}'`
          return `'${key}' schedules the reminder '${target}'${wrong}`
        }),
      ),
    ]
  },
}

class DueContent implements Content {
  readonly #envelope: ReminderEnvelope
  readonly #want: Want<ReminderSpec>
  readonly #origin: Origin
  readonly letter: DeadLetter | undefined

  constructor(
    envelope: ReminderEnvelope,
    want: Want<ReminderSpec>,
    origin: Origin,
    letter: DeadLetter | undefined,
  ) {
    this.#envelope = envelope
    this.#want = want
    this.#origin = origin
    this.letter = letter
  }

  identity(concealed?: (key: string) => string): string {
    return identityOf(this.#envelope, concealed)
  }

  async lookUp(settings: FiringSettings): Promise<LookedUp> {
    const [envelope, want, origin] = [this.#envelope, this.#want, this.#origin]
    const letter = this.letter === undefined ? {} : { letter: this.letter }
    const found = await resolveReminder({ envelope, want, origin, ...letter }, settings)
    return found.kind === 'skip' ? { skip: found.reason } : { event: found.event }
  }

  readAgain(letter: DeadLetter): Content {
    return new DueContent(this.#envelope, this.#want, this.#origin, letter)
  }

  async closing(settings: FiringSettings): Promise<void> {
    try {
      await markHandled(this.#envelope, settings)
    } catch (error) {
      // An item that is no reminder's will not become one: the record ends, and whoever wrote the item has to be found.
      if (codeOf(error) !== 'state') throw error
      const details = { reminder: this.#envelope.reminder }
      settings.logger.error('the state of a reminder is something else', {
        error: errorFields(error),
        details,
      })
    }
  }
}

function identityOf(
  { reminder, key, generation }: ReminderEnvelope,
  concealed: (key: string) => string = (plain) => plain,
): string {
  return `reminder/${reminder}/${concealed(key)}/${generation}`
}

function isOfReminder(want: Want): want is Want<ReminderSpec> {
  return want.spec.kind === 'reminder'
}
