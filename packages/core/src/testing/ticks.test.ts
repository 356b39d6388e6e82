import { expect, test } from 'vitest'
import { reactor } from '../index.ts'
import { harness } from './index.ts'

test('a schedule ticks at the end of each window as time passes, and at once when told; it says why it is silent', async () => {
  const windows: string[] = []
  const ship = harness(() =>
    reactor('watch').every('count', { each: '5m' }, (tick) => {
      windows.push(`${tick.from.toISOString().slice(11, 16)}-${tick.to.toISOString().slice(11, 16)}`)
    }),
  )
  await ship.advance('11m')
  expect(windows).toEqual(['00:00-00:05', '00:05-00:10'])
  ship.expect('watch/count', { runs: 2 })
  expect(ship.explain()).toEqual([{ route: 'watch/count', matched: true, why: 'it matches' }])
  await ship.advance('4m')
  await ship.tick('watch/count')
  expect(windows).toEqual(['00:00-00:05', '00:05-00:10', '00:10-00:15'])
  await expect(ship.tick('watch/nothing')).rejects.toMatchObject({ code: 'configuration' })
  await ship.deliver({ eventName: 'INSERT' })
  expect(ship.explain()).toMatchObject([{ route: 'watch/count', matched: false }])
})

test('a tick for what a route was called formerly is its own, and is explained so', async () => {
  const ship = harness(() => reactor('watch').every('count', { each: '5m' }, () => {}, { formerly: ['old'] }))
  const scheduled = '2026-01-01T00:00:00Z'
  await ship.deliver({ spaceship: 1, kind: 'tick', application: 'harness', route: 'watch/old', scheduled })
  ship.expect('watch/count', { runs: 1 })
  expect(ship.explain()).toEqual([{ route: 'watch/count', matched: true, why: 'it matches' }])
})
