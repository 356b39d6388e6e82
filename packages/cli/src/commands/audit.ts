/** Owns the audit line of each letter and each reminder that somebody touches: who, which, when. It is of the form of all log lines. */

import { userInfo } from 'node:os'
import { forPeople, jsonLines, type LogFields } from '@spaceship/core/log'
import type { DeadLetter } from '@spaceship/core/ports'
import type { Mail } from './mail.ts'
import type { Terminal } from './terminal.ts'

interface Asked {
  readonly json?: boolean
  readonly dryRun?: boolean
}

/** @returns writes the line of a letter */
export function audit(
  terminal: Terminal,
  { application }: Pick<Mail, 'application'>,
  asked: Asked,
  what: 'redrive' | 'drain' | 'discard',
): (letter: Omit<DeadLetter, 'data'>) => void {
  const told = auditor(terminal, application, asked, what)
  return ({ id, reactor, route, reason, stream, shard, sequence }) =>
    told({
      letter: id,
      ...(reactor === undefined ? {} : { reactor }),
      ...(route === undefined ? {} : { route }),
      reason,
      stream,
      shard,
      position: sequence,
    })
}

/** @returns writes a line with what somebody asked for, and who that was */
export function auditor(
  terminal: Terminal,
  application: string,
  { json = false, dryRun = false }: Asked,
  what: string,
): (fields: LogFields) => void {
  const message = dryRun ? `${what} would be asked for` : `${what} asked for`
  const write = (line: string) => terminal.out(json ? line : forPeople(line))
  const log = jsonLines({ service: application, process: 'spaceship-cli', write })
  return ({ details, ...fields }) => log.info(message, { ...fields, details: { ...details, by: userName() } })
}

function userName(): string {
  try {
    return userInfo().username
  } catch {
    // A container may run as a number that has no name.
    return String(process.getuid?.() ?? 'unknown')
  }
}
