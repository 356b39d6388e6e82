import { expect, test } from 'vitest'
import { verdictOf } from './response.ts'

const batch = ['9', '10', '11']
const failures = (...identifiers: unknown[]) =>
  JSON.stringify({ batchItemFailures: identifiers.map((itemIdentifier) => ({ itemIdentifier })) })

test.each<[string, string, unknown]>([
  ['an empty response', '', 'done'],
  ['null', 'null', 'done'],
  ['a text', '"fine"', 'done'],
  ['an empty object', '{}', 'done'],
  ['no failures', failures(), 'done'],
  ['null failures', '{"batchItemFailures":null}', 'done'],
  ['a misspelt key', '{"batchItemFailure":[{"itemIdentifier":"10"}]}', 'done'],
  ['one failure', failures('10'), { failedFrom: '10' }],
  ['the lowest by number, not by text', failures('11', '10', '9'), { failedFrom: '9' }],
  ['the same one twice', failures('11', '11'), { failedFrom: '11' }],
  ['an empty identifier', failures(''), 'failed'],
  ['a null identifier', failures(null), 'failed'],
  ['a number', failures(10), 'failed'],
  ['an identifier of another batch', failures('10', '12'), 'failed'],
  ['a wrong key', '{"batchItemFailures":[{"identifier":"10"}]}', 'failed'],
  ['an item that is no object', '{"batchItemFailures":["10"]}', 'failed'],
  ['failures that are no list', '{"batchItemFailures":"10"}', 'failed'],
  ['what is not JSON', '{', 'failed'],
])('%s', (_, response, verdict) => {
  expect(verdictOf({ requestId: 'r', response }, batch)).toEqual(verdict)
})

test('an error fails the batch', () => {
  expect(verdictOf({ requestId: 'r', error: { type: 'Error', message: 'm' } }, batch)).toBe('failed')
})
