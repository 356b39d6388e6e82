import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Answer, createReader } from './reader.ts'

const line = fc.constantFrom('STORED', 'NOT_STORED', 'DELETED', 'END', 'SERVER_ERROR out of memory')
const item = fc.record({
  key: fc.stringMatching(/^[!-~]{1,250}$/),
  data: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
})
const answers = fc.array(
  fc.oneof(
    line.map((line): Answer => ({ line, items: [] })),
    fc.array(item, { maxLength: 3 }).map((items): Answer => ({ line: 'END', items })),
  ),
)

function bytesOf({ line, items }: Answer): Buffer {
  const parts = items.flatMap(({ key, data }) => [
    Buffer.from(`VALUE ${key} 0 ${data.length}\r\n`),
    data,
    Buffer.from('\r\n'),
  ])
  return Buffer.concat([...parts, Buffer.from(`${line}\r\n`)])
}

test('answers are read alike in whatever pieces they come', () => {
  fc.assert(
    fc.property(answers, fc.infiniteStream(fc.integer({ min: 1, max: 60 })), (given, sizes) => {
      const bytes = Buffer.concat(given.map(bytesOf))
      const read: Answer[] = []
      const reader = createReader((answer) => read.push(answer))
      for (let at = 0; at < bytes.length; ) {
        const size = Number(sizes.next().value)
        reader(bytes.subarray(at, at + size))
        at += size
      }
      expect(read).toEqual(given)
    }),
  )
})

test('what is no answer throws, and never waits for ever for its end', () => {
  const wrong = [
    'VALUE a 0\r\n',
    'VALUE a 0 x\r\n',
    `VALUE ${'k'.repeat(251)} 0 1\r\n`,
    'VALUE a 0 1048577\r\n',
    'VALUE a 0 1\r\nxyz',
    'x'.repeat(3_000),
    `${'x'.repeat(3_000)}\r\n`,
  ]
  for (const text of wrong) expect(() => createReader(() => {})(Buffer.from(text)), text).toThrow(Error)
})
