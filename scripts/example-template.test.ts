import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { copyExample } from './example-template.ts'

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
