/** Owns the log lines of a flight: JSON lines that are collected, and put into `logs-*` as a log shipper does. */

import { Client } from '@opensearch-project/opensearch'

export interface LogLines {
  /** Anything that is no JSON line is left out. */
  keep(line: string): void
  /** Puts what was kept into the index of its day. */
  ship(): Promise<void>
}

/** @param node where the search engine is */
export function logLinesAt(node: string): LogLines {
  let kept: { readonly timestamp: string }[] = []
  return {
    keep: (line) => {
      const fields = fieldsIn(line)
      if (fields !== undefined) kept.push(fields)
    },
    ship: async () => {
      const lines = kept
      kept = []
      if (lines.length === 0) return
      const client = new Client({ node })
      try {
        const body = lines.flatMap((fields) => [
          { index: { _index: `logs-${fields.timestamp.slice(0, 10)}` } },
          fields,
        ])
        const { body: answer } = await client.bulk({ body })
        if (answer.errors) throw new Error('a log line was not indexed: the demo expects that all are')
      } finally {
        await client.close()
      }
    },
  }
}

function fieldsIn(line: string): { readonly timestamp: string } | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    const fields: unknown = JSON.parse(line)
    const { timestamp } = Object(fields)
    return typeof timestamp === 'string' ? { ...Object(fields), timestamp } : undefined
  } catch {
    return undefined
  }
}
