import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deadLettersCases } from '@spaceship/core/conformance'
import type { DeadLetter } from '@spaceship/core/ports'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { folderDeadLetters } from './index.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spaceship-letters-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

for (const { name, run } of deadLettersCases) test(name, () => run(folderDeadLetters({ folder })))

const letter = (n: number): DeadLetter => ({
  ...{ id: `app/r/welcome/s/0/${n}/0`, application: 'app', reactor: 'r', route: 'welcome', lane: '' },
  ...{ reason: 'permanent', detail: 'd', attempts: 1, at: new Date(n), stream: 's', shard: '0' },
  ...{ sequence: String(n), subSequence: 0, partitionKey: 'k', data: new Uint8Array(100) },
})

test('what was left unfinished by a death is no letter, and a folder that is a file is told', async () => {
  const letters = folderDeadLetters({ folder })
  await letters.put(letter(1))
  await writeFile(join(folder, 'app/r/welcome/.unfinished-1'), '{"id":')
  const ids: string[] = []
  for await (const { id } of letters.list('app')) ids.push(id)
  expect(ids).toEqual([letter(1).id])
  await letters.check?.()
  const file = join(folder, 'file')
  await writeFile(file, '')
  await expect(folderDeadLetters({ folder: join(file, 'x') }).put(letter(1))).rejects.toMatchObject({
    code: 'unavailable',
    setup: { resource: expect.stringContaining('file') },
  })
})
