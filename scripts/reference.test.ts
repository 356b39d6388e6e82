/** The references say what the sources say. */

import { globSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ROOT } from './packages.ts'
import { CODES } from './reference/errors.ts'
import { references } from './reference/index.ts'

test.each(references().map(({ file, text }) => [file, text]))(
  '%s is current: npm run reference',
  (file, text) => {
    expect(readFileSync(ROOT + file, 'utf8')).toBe(text)
  },
)

test('the reference of errors has every code that the sources throw, and no other', () => {
  const files = globSync('packages/*/src/**/*.ts', { cwd: ROOT }).filter(
    (file) => !/\.test(-d)?\.ts$/.test(file),
  )
  const thrown = files.flatMap((file) => {
    const text = readFileSync(ROOT + file, 'utf8')
    const made = /(?:new SpaceshipError\(|\bsuper\()\s*'([a-z-]+)',/g
    return [...text.matchAll(made)].map(([, code = '']) => code)
  })
  expect(thrown.length).toBeGreaterThan(40)
  // An attempt whose lease is lost names the lease's capability.
  const derived = ['claim-lost']
  expect(CODES.map(({ code }) => code).toSorted()).toEqual([...new Set([...thrown, ...derived])].toSorted())
})
