import { expect, test } from 'vitest'
import { setUpOf, Unavailable } from './verdicts.ts'

const setup = {
  reason: 'denied',
  resource: "table 'state'",
  advice: "grant dynamodb:PutItem on the table 'state'",
} as const

test('a wrong set-up is an outage that says what to do', () => {
  const cause = new Error('AccessDeniedException')
  const error = new Unavailable('dynamodb', undefined, { cause, setup })
  expect(error).toMatchObject({ code: 'unavailable', dependency: 'dynamodb', setup, cause })
  expect(error.message).toBe("dynamodb: grant dynamodb:PutItem on the table 'state'")
  expect(new Unavailable('dynamodb', 'as told', { setup }).message).toBe('as told')
  expect(new Unavailable('dynamodb')).toMatchObject({ message: 'dynamodb is unavailable', setup: undefined })
})

test('setUpOf reads it from any copy of the class, and answers undefined for everything else', () => {
  expect(setUpOf(new Unavailable('dynamodb', undefined, { setup }))).toEqual(setup)
  expect(setUpOf({ code: 'unavailable', setup })).toEqual(setup)
  const hostile = new Proxy(
    {},
    {
      get: () => {
        throw new Error('no')
      },
    },
  )
  const others = [
    undefined,
    null,
    'text',
    new Error('x'),
    new Unavailable('x'),
    hostile,
    { code: 'permanent', setup },
  ]
  for (const other of others) expect(setUpOf(other)).toBeUndefined()
  for (const wrong of [{}, { ...setup, reason: 'tired' }, { ...setup, advice: 1 }, hostile])
    expect(setUpOf({ code: 'unavailable', setup: wrong })).toBeUndefined()
})
