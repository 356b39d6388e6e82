/** Owns the requests of Memcached's text protocol, and what each may be answered. */

import { opened } from './item.ts'
import type { Answer } from './reader.ts'

export interface Request<T> {
  /** For messages. */
  readonly command: 'get' | 'set' | 'add' | 'delete' | 'config get cluster'
  readonly bytes: Buffer
  /** @throws Refusal for an error that the node answers, Error for what is no answer to this request */
  readonly read: (answer: Answer) => T
}

/** An error that a node has answered: `ERROR`, `CLIENT_ERROR ...` or `SERVER_ERROR ...`. Its message shows none of the node's words. */
export class Refusal extends Error {
  /** Shown by nothing that prints the error. */
  readonly #line: string

  constructor(line: string) {
    super(`the node answered ${line.split(' ', 1)[0]}`)
    this.name = 'Refusal'
    this.#line = line
  }

  get line(): string {
    return this.#line
  }
}

export function getting(key: string): Request<string | undefined> {
  return {
    command: 'get',
    bytes: Buffer.from(`get ${key}\r\n`),
    read: (answer) => {
      const { items } = expected(answer, 'END')
      const [item, ...more] = items
      if (item === undefined) return undefined
      if (item.key !== key || more.length > 0)
        throw new Error('the answer of the node belongs to another key')
      return opened(key, item.data)
    },
  }
}

/** @param expiry as Memcached reads it: seconds up to 30 days, or a date */
export function setting(key: string, data: Buffer, expiry: number): Request<void> {
  return {
    command: 'set',
    bytes: storing('set', key, data, expiry),
    read: (answer) => void bare(answer, 'STORED'),
  }
}

export function adding(key: string, data: Buffer, expiry: number): Request<boolean> {
  return {
    command: 'add',
    bytes: storing('add', key, data, expiry),
    read: (answer) => bare(answer, 'STORED', 'NOT_STORED') === 'STORED',
  }
}

export function deleting(key: string): Request<void> {
  return {
    command: 'delete',
    bytes: Buffer.from(`delete ${key}\r\n`),
    read: (answer) => void bare(answer, 'DELETED', 'NOT_FOUND'),
  }
}

/** What an ElastiCache cluster consists of: `12\nhost|ip|port host|ip|port\n`. */
export const configuration: Request<string> = {
  command: 'config get cluster',
  bytes: Buffer.from('config get cluster\r\n'),
  read: (answer) => {
    const { items } = expected(answer, 'END')
    // A node that belongs to no cluster has nothing there.
    if (items.length === 0) throw new Refusal('ERROR')
    const [item, ...more] = items
    if (item?.key !== 'cluster' || more.length > 0)
      throw new Error('the answer of the node is about no cluster')
    return item.data.toString()
  },
}

function storing(command: 'set' | 'add', key: string, data: Buffer, expiry: number): Buffer {
  return Buffer.concat([
    Buffer.from(`${command} ${key} 0 ${expiry} ${data.length}\r\n`),
    data,
    Buffer.from('\r\n'),
  ])
}

function bare(answer: Answer, ...lines: readonly string[]): string {
  const { line, items } = expected(answer, ...lines)
  if (items.length > 0) throw new Error('the node has answered another request')
  return line
}

function expected(answer: Answer, ...lines: readonly string[]): Answer {
  if (lines.includes(answer.line)) return answer
  if (/^(ERROR|CLIENT_ERROR|SERVER_ERROR)( |$)/.test(answer.line)) throw new Refusal(answer.line)
  throw new Error('the node has answered another request, or is no Memcached')
}
