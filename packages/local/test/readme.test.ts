import { readFileSync } from 'node:fs'
import { expect, it, vi } from 'vitest'

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')

it('the README shows the example that runs here', async () => {
  expect(read('../README.md')).toContain(`\`\`\`ts\n${read('./example.ts')}\`\`\``)
  const log = vi.spyOn(console, 'log').mockImplementation(() => {})
  await import('./example.ts')
  expect(log.mock.calls).toEqual([['INSERT', 'Acme']])
  log.mockRestore()
})
