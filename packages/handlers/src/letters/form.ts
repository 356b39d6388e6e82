/**
 * Owns how a letter lies in a store of files: under a name that follows from its id, as a line of JSON and the record's bytes behind it.
 *
 * ```
 *   PREFIX APPLICATION/REACTOR/ROUTE/DIGEST OF THE ID        {"id":…,"reason":…,"at":…}\n<bytes>
 * ```
 *
 * The same letter has the same name, so that a second put finds the first. When a letter was written is the store's to tell: a day in the
 * name would make two of a letter that is put again on the next one.
 */

import { SpaceshipError } from '@spaceship/core'
import { exactJson, sha256 } from '@spaceship/core/adapter'
import type { DeadLetter } from '@spaceship/core/ports'

/** Of names: a store's keys end at 1,024 bytes, and a file's name at 255. */
const LONGEST_PART = 150

/** An id begins with the application, the reactor and the route; those of a record that reached no route are empty. */
export function nameOf(id: string): string {
  const [application = '', reactor = '', route = ''] = id.split('/')
  const digest = sha256(id, 'hex')
  return `${folderOf(application)}${partOf(reactor)}/${partOf(route)}/${digest}`
}

/** Where all letters of an application lie. */
export const folderOf = (application: string): string => `${partOf(application)}/`

function partOf(text: string): string {
  // No part is `.` or `..`, or ends with a dot: file systems have their own ideas of those.
  const encoded = encodeURIComponent(text).replaceAll('.', '%2E').replaceAll('*', '%2A')
  if (encoded === '') return '-'
  if (encoded.length <= LONGEST_PART) return encoded
  const digest = sha256(text, 'hex').slice(0, 32)
  return `${encoded.slice(0, LONGEST_PART - 33).replace(/%.?$/, '')}-${digest}`
}

export function bytesOf({ data, ...letter }: DeadLetter): Buffer {
  const words = exactJson({ ...letter, at: letter.at.toISOString() }, `the letter '${letter.id}'`)
  return Buffer.concat([Buffer.from(`${words}\n`), data])
}

/** @throws SpaceshipError `letter` for what is none: it is told, and stays where it is */
export function letterIn(bytes: Uint8Array, where: string): DeadLetter {
  const end = bytes.indexOf(0x0a)
  try {
    const { at, ...words } = JSON.parse(Buffer.from(bytes.subarray(0, end)).toString('utf8'))
    if (end === -1 || typeof words.id !== 'string') throw new Error('no id')
    return {
      ...words,
      reactor: words.reactor,
      route: words.route,
      at: new Date(at),
      data: new Uint8Array(bytes.subarray(end + 1)),
    }
  } catch (cause) {
    const advice = 'look at it, and put it elsewhere: nothing but letters belongs there'
    throw new SpaceshipError('letter', `'${where}' is no letter: ${advice}`, { cause })
  }
}
