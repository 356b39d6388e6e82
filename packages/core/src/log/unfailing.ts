/** Owns loggers that cannot fail: a line that cannot be logged is lost; what it told of goes on. */

import { ignoreRejection } from '../foreign.ts'
import type { Logger } from '../ports/index.ts'

export function unfailing(logger: Logger): Logger {
  return loggerOfLevels((level) => (message, fields) => {
    try {
      ignoreRejection(logger[level](message, fields))
    } catch (error) {
      // Whoever is told of it would have to log it; but it may be a promise, which nobody waits for.
      ignoreRejection(error)
    }
  })
}

/** A logger whose levels are made alike. */
export function loggerOfLevels(at: (level: keyof Logger) => Logger['info']): Logger {
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}
