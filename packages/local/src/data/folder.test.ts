import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { expect, test } from 'vitest'
import { folders } from '../../test/folders.ts'
import { openData } from './index.ts'

const folder = folders()
const FLAGS = ['--conditions=@spaceship/source', '--disable-warning=ExperimentalWarning']

/** A program that has the folder, and says so. */
const holder = (data: string, then: string) => `
  const { openData } = await import(${JSON.stringify(new URL('./index.ts', import.meta.url).href)})
  // Held by the process: what nobody holds is closed by the collector.
  try { globalThis.data = openData(${JSON.stringify(data)}); console.log('taken') } catch (error) { console.log(error.code) }
  ${then}`

test('makes a folder that is not there, takes it again, and takes a relative path from where the process is', () => {
  const data = join(folder(), 'not', 'there')
  const first = openData(data)
  first.shelf('room').set('name', { kept: true })
  first.close()
  const second = openData(relative(process.cwd(), data))
  expect(second.folder).toBe(data)
  expect(second.shelf('room').all()).toEqual([['name', { kept: true }]])
  expect(second.shelf('other').all()).toEqual([])
  second.close()
})

test('a second spaceship in the same process, and one in another, are refused with the name of the folder', () => {
  const data = folder()
  const first = openData(data)
  expect(() => openData(data)).toThrowError(
    expect.objectContaining({ code: 'local-data-taken', message: expect.stringContaining(`'${data}'`) }),
  )
  const other = () =>
    execFileSync(process.execPath, [...FLAGS, '--input-type=module', '--eval', holder(data, '')])
  // The refusal of before must not have let go of the lock.
  expect(String(other())).toBe('local-data-taken\n')
  first.close()
  expect(String(other())).toBe('taken\n')
})

test('a process that was killed holds no folder', async () => {
  const data = folder()
  const program = holder(data, 'setInterval(() => {}, 1_000)')
  const child = spawn(process.execPath, [...FLAGS, '--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const gone = once(child, 'exit')
  await once(child.stdout, 'data')
  expect(() => openData(data)).toThrowError(expect.objectContaining({ code: 'local-data-taken' }))
  child.kill('SIGKILL')
  await gone
  openData(data).close()
})

test.each([
  ['other files', 'letters.txt', 'dear', 'local-data-foreign', /'letters.txt'/],
  [
    'a version of later',
    'spaceship.json',
    '{"format":"spaceship","version":2}',
    'local-data-version',
    /version 2/,
  ],
  ['a mark of another kind', 'spaceship.json', '{"name":"app"}', 'local-data-version', /another kind/],
  ['a mark that is no JSON', 'spaceship.json', 'ship', 'local-data-version', /another kind/],
])('a folder with %s is refused, and stays as it is', (_, name, content, code, message) => {
  const data = folder()
  writeFileSync(join(data, name), content)
  expect(() => openData(data)).toThrowError(
    expect.objectContaining({ code, message: expect.stringMatching(message) }),
  )
  expect(() => openData(data)).toThrow(`'${data}'`)
  expect(readdirSync(data)).toEqual([name])
  expect(readFileSync(join(data, name), 'utf8')).toBe(content)
})

test('a folder whose making was cut short is taken, and so is one with nothing but an ignore file', () => {
  const data = folder()
  writeFileSync(join(data, '.gitignore'), '*')
  writeFileSync(join(data, 'spaceship.json'), '')
  openData(data).close()
  expect(JSON.parse(readFileSync(join(data, 'spaceship.json'), 'utf8'))).toEqual({
    format: 'spaceship',
    version: 1,
  })
})

test('a file in place of the folder, and one that is no database, are told with the path', () => {
  const data = folder()
  const file = join(data, 'file')
  writeFileSync(file, '')
  expect(() => openData(file)).toThrowError(
    expect.objectContaining({ code: 'local-data', message: expect.stringContaining(`'${file}'`) }),
  )
  const broken = join(data, 'broken')
  mkdirSync(broken)
  openData(broken).close()
  writeFileSync(join(broken, 'spaceship.sqlite'), 'no database, whatever its name says')
  expect(() => openData(broken)).toThrowError(expect.objectContaining({ code: 'local-data' }))
  expect(existsSync(join(broken, 'spaceship.sqlite'))).toBe(true)
})
