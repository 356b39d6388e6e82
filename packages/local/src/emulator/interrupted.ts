/**
 * Tables and streams that a killed process left in the middle of a change.
 *
 * | it was   | a table                                   | a stream                                                   |
 * |----------|-------------------------------------------|------------------------------------------------------------|
 * | CREATING | is there: its definition is whole         | is not there: its front answers once it is ACTIVE          |
 * | UPDATING | is ACTIVE, with what was written of it    | is ACTIVE as before: its front answers once a split is done |
 * | DELETING | is gone, with its items and indices       | is gone, with its records                                  |
 */

type Fields = Readonly<Record<string, unknown>>

/** What a definition becomes, or which keys go with it, by their beginnings. */
export type Mended = { readonly value: Fields } | { readonly gone: readonly string[] }

export interface Interrupted {
  /** Of the keys of definitions. */
  readonly prefix: string
  /** Nothing for a definition that is as it should be. */
  mended(name: string, definition: Fields): Mended | undefined
}

export const TABLES: Interrupted = {
  prefix: 'table~',
  mended(name, definition) {
    if (definition.TableStatus === 'DELETING') {
      return { gone: ['item-', 'tag-', 'index-local~', 'index-global~'].map((kind) => `${kind}${name}~`) }
    }
    const indexes: readonly Fields[] = Array.isArray(definition.GlobalSecondaryIndexes)
      ? definition.GlobalSecondaryIndexes
      : []
    const isWhole = indexes.every(({ IndexStatus }) => IndexStatus === 'ACTIVE')
    if (definition.TableStatus === 'ACTIVE' && isWhole) return undefined
    const active = indexes.map((index) => ({ ...index, IndexStatus: 'ACTIVE' }))
    return {
      value: {
        ...definition,
        TableStatus: 'ACTIVE',
        ...(active.length > 0 && { GlobalSecondaryIndexes: active }),
      },
    }
  },
}

export const STREAMS: Interrupted = {
  prefix: '!meta!',
  mended(name, definition) {
    const { StreamStatus: status } = definition
    if (status === 'ACTIVE') return undefined
    return status === 'UPDATING'
      ? { value: { ...definition, StreamStatus: 'ACTIVE' } }
      : { gone: [`!stream-${name}!`] }
  },
}
