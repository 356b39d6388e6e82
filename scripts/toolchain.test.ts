import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ROOT } from './packages.ts'

test('an install asks the engines of the Node that it brings, so it warns nobody whose own Node is older', () => {
  const { devDependencies } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8'))
  const workspace = readFileSync(`${ROOT}pnpm-workspace.yaml`, 'utf8')
  expect(/^nodeVersion: (.*)$/m.exec(workspace)?.[1]).toBe(devDependencies.node)
})
