import { type Fields, fieldsOf } from '../http/index.ts'

/** Where a list goes on, as a text that means nothing to its reader. */
export function tokenOf(list: string, next: Fields): string {
  return Buffer.from(JSON.stringify({ list, ...next })).toString('base64')
}

/** What a token says; nothing for one that this list did not give. */
export function nextIn(list: string, token: unknown): Fields | undefined {
  if (typeof token !== 'string') return undefined
  const next = fieldsOf(Buffer.from(token, 'base64'))
  return next?.list === list ? next : undefined
}
