import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { copyExample } from './example-template.ts'
import { ROOT } from './packages.ts'

test('the template that is the example takes the name of the project for its application, in every file that names it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spaceship-template-'))
  try {
    copyExample(folder)
    const config = readFileSync(join(folder, 'spaceship.config.ts'), 'utf8')
    const environment = readFileSync(join(folder, 'src/environment.ts'), 'utf8')
    expect(environment).toContain("application = '{{name}}'")
    for (const text of [config, environment]) expect(text).not.toMatch(/['"`]onboarding['"`-]/)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test('its README lists the variables that an account must give it, and the table of its leases', () => {
  const environment = readFileSync(`${ROOT}examples/onboarding/src/environment.ts`, 'utf8')
  const [, required = ''] = /const required = \{\n(.*?)\n {2}\}/s.exec(environment) ?? []
  const variables = [...required.matchAll(/^ *(\w+):/gm)].map(([, name]) => `\`${name}\``)
  expect(variables).toHaveLength(4)
  const readme = readFileSync(`${ROOT}packages/create-spaceship/templates/onboarding/README.md`, 'utf8')
  const [, list = ''] = readme.split('In an account you need:')
  for (const name of [...variables, '`{{name}}`', '`clients-cdc`']) expect(list).toContain(name)
})
