/**
 * Owns the images of one change: each is decoded and parsed at most once, however many routes want it, and only if one
 * does. Never decides what a failure means.
 */

import type { EntitySpec, Image, Row } from '../declare/event.ts'
import { describeIssues, type Validated, validate } from '../declare/schema.ts'
import { SpaceshipError } from '../errors.ts'
import type { Change } from '../wire/index.ts'

export type ParsedImage =
  | { readonly ok: true; readonly row: Row }
  | { readonly ok: false; readonly error: SpaceshipError }

type Pending = ParsedImage | Promise<ParsedImage>

export interface Images {
  /** Starts parsing, if that has not happened; answers at once where the schema is synchronous. */
  request(entity: EntitySpec, image: Image): Pending
  /** The row, for a handler that reads it. @throws SpaceshipError `schema` */
  read(entity: EntitySpec, image: Image): Row
}

export function imagesOf(change: Change): Images {
  // A record is of one entity, or of a few: a list costs less than maps.
  const parsed: { readonly entity: EntitySpec; readonly image: Image; result: Pending }[] = []

  function request(entity: EntitySpec, image: Image): Pending {
    for (const known of parsed) if (known.entity === entity && known.image === image) return known.result
    const slot = { entity, image, result: parse(change, entity, image) }
    parsed.push(slot)
    if (slot.result instanceof Promise)
      // Once it has settled, later readers get it without waiting. `parse` never rejects.
      void slot.result.then((settled) => {
        slot.result = settled
      })
    return slot.result
  }

  return {
    request,
    read: (entity, image) => {
      const result = request(entity, image)
      if (result instanceof Promise) {
        const advice = `use Entity.created and Entity.changed, which parse '${image}' before the handler runs`
        throw new SpaceshipError('schema', `the schema of '${entity.name}' is asynchronous: ${advice}`)
      }
      if (result.ok) return result.row
      throw result.error
    },
  }
}

function parse(change: Change, entity: EntitySpec, image: Image): Pending {
  try {
    const raw = change.image(image, entity.numbers)
    if (raw === undefined) return refused('it is not in the record: the stream must carry new and old images')
    const row = entity.upgrade === undefined ? raw : entity.upgrade(raw)
    const result = validate(entity.schema, row)
    return result instanceof Promise
      ? result.then((settled) => settle(settled, row)).catch(broken)
      : settle(result, row)
  } catch (error) {
    return broken(error)
  }

  function settle(result: Validated, row: Row): ParsedImage {
    if (result.issues) return refused(describeIssues(result.issues, row))
    // An entity's schema describes an item, so its output is an object.
    return { ok: true, row: result.value as Row }
  }
  function broken(cause: unknown): ParsedImage {
    return refused(cause instanceof SpaceshipError ? cause.message : 'its schema or upgrade threw', cause)
  }
  function refused(why: string, cause?: unknown): ParsedImage {
    const message = `'${image}' of ${entity.name}: ${why}`
    return { ok: false, error: new SpaceshipError('schema', message, cause === undefined ? {} : { cause }) }
  }
}
