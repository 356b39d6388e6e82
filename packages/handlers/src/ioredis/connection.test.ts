import { expect, test } from 'vitest'
import { ioredisConnection } from './index.ts'

test.each([
  'redis://host:6379/sessions',
  'redis://host:6379?db=3',
  'redis://host:6379/3?family=6',
  'redis://host:6379/3#x',
  'redis://user:p%zz@host:6379',
  'redis://user:p%ff@host:6379',
  'redis:///var/run/redis.sock',
  'redis:6379',
  'https://host:6379',
])('a URL that would be taken for another one is refused, without its words: %s', (url) => {
  for (const options of [{ url }, { nodes: ['redis://host:6379', url] }]) {
    let message = ''
    try {
      ioredisConnection(options)
    } catch (error) {
      expect(error).toMatchObject({ code: 'configuration' })
      message = String(error)
    }
    expect(message).toContain("expected a URL such as 'redis://host:6379'")
    expect(message).not.toContain('p%')
  }
})

test('a URL names a database of a server, and none of a cluster', async () => {
  for (const [url, db] of [
    ['redis://host', 0],
    ['redis://host/', 0],
    ['rediss://user:p%40ss@host:6380/0', 0],
    ['redis://:pass@[::1]:6379/12', 12],
  ] as const) {
    await using redis = ioredisConnection({ url })
    expect(redis.client.options).toMatchObject({ db })
  }
  expect(() => ioredisConnection({ nodes: ['redis://host:6379/3'] })).toThrow(/'nodes\[0\]'.*no database/)
  await using cluster = ioredisConnection({ nodes: ['redis://host:6379/', 'redis://host:6380/0'] })
  expect(cluster.client.status).toBe('wait')
})
