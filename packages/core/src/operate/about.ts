/** Owns what a record is called in messages: what it is about, and its key. */

import { read } from '../kinds/index.ts'
import type { Change, UserRecord } from '../wire/index.ts'

export interface RecordAbout {
  /** In words: `clients 'acme' created`. */
  readonly what: string
  /** Of the row, published event or reminder; undefined where the record has none. */
  readonly key: string | undefined
}

const WORDS: Readonly<Record<Change['kind'], string>> = {
  INSERT: 'created',
  MODIFY: 'changed',
  REMOVE: 'removed',
  BACKFILL: 'found by a backfill',
}

/**
 * What a record is called in messages and on a terminal. It shows the record's key: log lines have a hash of it.
 *
 * @example
 * const observe: Observer = ({ step }, record) => console.log(aboutRecord(record).what, step) // clients 'acme' created done
 */
export function aboutRecord({ data, partitionKey }: Pick<UserRecord, 'data' | 'partitionKey'>): RecordAbout {
  const incoming = read(data, () => true)
  switch (incoming.kind) {
    case 'unwanted':
      return { what: 'a change that nobody asked for', key: undefined }
    case 'unreadable':
      return { what: `${data.length} bytes, ${incoming.reason}`, key: undefined }
    case 'published':
      return { what: `'${incoming.event.type}' published for '${partitionKey}'`, key: partitionKey }
    case 'change': {
      const { table, kind, by } = incoming.change
      const key = keyText(incoming.change)
      return { what: `${table} '${key}' ${by === 'ttl' ? 'expired' : WORDS[kind]}`, key }
    }
    case 'envelope': {
      const { envelope } = incoming
      if (envelope.kind === 'reminder')
        return { what: `the reminder '${envelope.reminder}' of '${envelope.key}' is due`, key: envelope.key }
      return {
        what: `a ${envelope.kind} for ${envelope.route || 'no route'}`,
        key: envelope.kind === 'tick' ? envelope.route : keyOfLane(envelope.lane),
      }
    }
  }
}

/** The key in a lane's name: `acme` in `clients/acme`. */
export function keyOfLane(lane: string): string {
  return lane.slice(lane.indexOf('/') + 1)
}

function keyText(change: Change): string {
  try {
    return change.keyText(Object.keys(change.keys()))
  } catch {
    return '?'
  }
}
