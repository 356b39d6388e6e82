/** What a line of `dev` says of a record that was given up on. */

import { expect, test } from 'vitest'
import { shownTrail } from './shown.ts'

test.each([
  [0, 'Permanent [permanent]: never', 'dead letter  12 ms'],
  [1, 'Error: boom', 'dead letter after 1 attempt  12 ms'],
  [4, 'Error: boom', 'dead letter after 4 attempts  12 ms'],
])('a letter with %i counted failures: no handler that ran is said not to have', (attempt, detail, said) => {
  const told = { kind: 'outcome', what: "clients 'acme' created", route: 'r/x', ms: 12 } as const
  const line = shownTrail({ ...told, step: 'dead-letter', attempt, detail }, 3, new Date(0))
  expect(line).toContain(`clients 'acme' created  ${said}  ${detail}`)
})
