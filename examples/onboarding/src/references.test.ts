import { expect, test } from 'vitest'
import { fromEnvironment } from './environment.ts'
import { referencesAt } from './references.ts'

test('without a URL references are in the memory of the process', async () => {
  await using references = referencesAt({ url: '', prefix: '' })
  expect(await references?.store.add('k', 'v', 60_000)).toBe(true)
  expect(await references?.store.get('k')).toBe('v')
})

test('a Redis that is not there is an outage for whoever asks, and nothing before', async () => {
  await using references = referencesAt({ url: 'redis://127.0.0.1:9', prefix: 'p:' })
  await expect(references?.store.get('k')).rejects.toMatchObject({ code: 'unavailable', dependency: 'redis' })
})

test('what is missing or wrong in the environment is told at once, without the URL, which may hold a password', () => {
  const variables = { REFERENCES_URL: 'amqp://user:hush@host', TUTORIAL_PATIENCE: 'long' }
  let said: unknown
  try {
    fromEnvironment(variables)
  } catch (error) {
    said = error
  }
  expect(said).toMatchObject({
    code: 'configuration',
    problems: [
      'SEARCH_URL is not set',
      'SLACK_TOKEN is not set',
      'STATE_MACHINE_ARN is not set',
      'STATE_TABLE is not set',
      expect.stringContaining('TUTORIAL_PATIENCE'),
      expect.stringContaining('REFERENCES_URL'),
    ],
  })
  expect(String(said)).not.toContain('hush')
})
