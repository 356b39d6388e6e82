/**
 * Owns the event of a change as its handler sees it: what is cheap stands on the object, what costs (`id`, `by`, and `before`
 * where the event's type does not promise it) is found when it is read. Never decides whether a route wants it.
 */

import type { Actor, ChangeSpec, EventMeta, Origin, Row } from '../declare/event.ts'
import { differenceFrom } from '../declare/marks.ts'
import type { Version } from '../declare/version.ts'
import { SpaceshipError } from '../errors.ts'
import type { Change } from '../wire/index.ts'
import type { Images } from './images.ts'

export interface Rows {
  before?: Row
  after?: Row
}

/** A class for its getters: to define them on each object would cost more than to decode the record. */
class ChangeEvent implements EventMeta {
  readonly name: string
  readonly version: Version
  readonly key: string
  readonly source: Origin
  readonly after: Row | undefined
  readonly #before: Row | undefined
  readonly #change: Change
  readonly #spec: ChangeSpec
  readonly #images: Images

  constructor(
    name: string,
    change: Change,
    spec: ChangeSpec,
    key: string,
    rows: Rows,
    images: Images,
    version: Version,
    source: Origin,
  ) {
    this.name = name
    this.version = version
    this.key = key
    this.source = source
    this.after = rows.after
    this.#before = rows.before
    this.#change = change
    this.#spec = spec
    this.#images = images
  }

  get at(): Date {
    return this.#change.at
  }

  get id(): string {
    return this.#change.identity()
  }

  get by(): Actor {
    return this.#change.by
  }

  get backfill(): boolean {
    return this.#change.kind === 'BACKFILL'
  }

  /** Of a saved item: an old row that fails its schema matters only to who looks. */
  get before(): Row | undefined {
    // Of a row that was created, or that a backfill has found, there is no older image.
    if (this.#before !== undefined || this.#change.kind !== 'MODIFY') return this.#before
    const { entity } = this.#spec
    const raw = entity.when && this.#change.image('before', entity.numbers)
    // A row that has changed its kind was none of this one.
    return raw && differenceFrom(entity.when, raw) ? undefined : this.#images.read(entity, 'before')
  }

  /** With the rows that the event's type promises. A copy by `{ ...event }` has no getters: `id`, `at`, `by`, `backfill` and `before` are not in it. */
  toJSON(): object {
    const { id, at, by, backfill } = this
    return { ...this, id, at, by, ...(backfill && { backfill }), before: this.#before }
  }

  [Symbol.for('nodejs.util.inspect.custom')](): object {
    return this.toJSON()
  }
}

export function changeEvent(
  name: string,
  change: Change,
  spec: ChangeSpec,
  key: string,
  rows: Rows,
  images: Images,
  source: Origin,
): EventMeta {
  return new ChangeEvent(name, change, spec, key, rows, images, versionOf(change, spec, rows), source)
}

/** A removal comes after the last version of the row. */
function versionOf(change: Change, { entity }: ChangeSpec, rows: Rows): Version {
  if (entity.version === undefined) return change.time
  const given = (rows.after ?? rows.before)?.[entity.version]
  // With `lossless` an integer is a bigint.
  const value = typeof given === 'bigint' ? Number(given) : given
  if (typeof value !== 'number' || (typeof given === 'bigint' && !Number.isSafeInteger(value)))
    throw new SpaceshipError(
      'schema',
      `'${entity.version}' of ${entity.name}, its version, is not a number that counts`,
    )
  const version = change.kind === 'REMOVE' ? value + 1 : value
  return { min: version, max: version, clock: `${entity.table}/${entity.name}` }
}
