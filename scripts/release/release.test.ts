import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ROOT } from '../packages.ts'
import { releasedIn } from './changelog.ts'
import { manifestAt, nextVersion } from './versions.ts'

const CHANGELOG = `# Changelog

## Unreleased

### Added

- A thing for $& dollars.

## 0.1.0 - 2026-01-01

- The first.
`

test("what is unreleased becomes the version's section, and the next changes find theirs empty", () => {
  const released = releasedIn(CHANGELOG, '0.2.0', '2026-11-28')
  expect(released?.notes).toBe('### Added\n\n- A thing for $& dollars.')
  expect(released?.changelog).toBe(`# Changelog

## Unreleased

## 0.2.0 - 2026-11-28

### Added

- A thing for $& dollars.

## 0.1.0 - 2026-01-01

- The first.
`)
  expect(releasedIn(released?.changelog ?? '', '0.3.0', '2026-11-29')).toBeUndefined()
})

test('headings alone are nothing to release, and the section may be the last', () => {
  expect(releasedIn('# C\n\n## Unreleased\n\n### Added\n', '0.2.0', 'd')).toBeUndefined()
  expect(releasedIn('# C\n\n## Unreleased\n\n- one\n', '0.2.0', 'd')?.changelog).toBe(
    '# C\n\n## Unreleased\n\n## 0.2.0 - d\n\n- one\n',
  )
})

test('a changelog without the section, or with the version, is refused', () => {
  expect(() => releasedIn('# C\n', '0.2.0', 'd')).toThrow(/no section '## Unreleased'/)
  expect(() => releasedIn(CHANGELOG, '0.1.0', 'd')).toThrow(/already has a section of 0.1.0/)
})

test('a version is a step or three numbers above the present one', () => {
  expect(['major', 'minor', 'patch', '0.10.0'].map((wanted) => nextVersion('0.9.4', wanted))).toEqual([
    '1.0.0',
    '0.10.0',
    '0.9.5',
    '0.10.0',
  ])
  for (const wanted of ['0.9.4', '0.9.3', '0.8.9'])
    expect(() => nextVersion('0.9.4', wanted)).toThrow(/above 0.9.4/)
  for (const wanted of ['', 'next', '1.0', 'v1.0.0', '1.0.0-rc.1'])
    expect(() => nextVersion('0.9.4', wanted)).toThrow(
      /expected major, minor, patch or three numbers such as 0.10.0/,
    )
})

test('a manifest moves with all packages that it names, and nothing else of it changes', () => {
  const text = readFileSync(`${ROOT}packages/handlers/package.json`, 'utf8')
  const { version } = JSON.parse(text)
  expect(manifestAt(text, version)).toBe(text)
  const moved = JSON.parse(manifestAt(text, '9.8.7'))
  expect(moved).toMatchObject({
    version: '9.8.7',
    dependencies: { '@spaceship/core': '9.8.7' },
    devDependencies: { '@spaceship/local': '9.8.7', zod: JSON.parse(text).devDependencies.zod },
  })
})
