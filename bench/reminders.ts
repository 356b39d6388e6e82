/**
 * Reminders at scale: what waits in memory, what a process grows by when a million wait on Redis, schedule and cancel against BullMQ's
 * delayed jobs on the same Redis, lateness under load, and what a campaign of a million takes on AWS (`reminders/quotas.ts`).
 */

import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { startRedis } from '../scripts/redis-server.ts'
import { median } from './processes.ts'
import { secondsFor, services } from './reminders/quotas.ts'
import type { Options, Result } from './result.ts'

const MILLION = 1_000_000
const ROUNDS = 5

export async function measureReminders(options: Options): Promise<Result> {
  const redis = await startRedis()
  try {
    return {
      ratios: { ...sizes(options, redis.port), ...peers(options, redis.port), ...quotas() },
      bars: BARS,
    }
  } finally {
    await redis.stop()
  }
}

const BARS = {
  'B per reminder in memory, a million': 400,
  'MB that a process grows by, a million on Redis': 10,
  'schedule, one by one, over BullMQ': 0.5,
  'cancel, one by one, over BullMQ': 0.5,
  'schedule, 64 in flight, over BullMQ': 0.5,
  'cancel, 64 in flight, over BullMQ': 0.5,
}

function sizes(options: Options, port: number): Record<string, number> {
  const grown = (kind: string) =>
    Number(run(options, 'size.ts', [kind, String(MILLION), String(port)], ['--expose-gc']))
  return {
    'B per reminder in memory, a million': Math.round(grown('memory') / MILLION),
    'MB that a process grows by, a million on Redis': rounded(grown('redis') / 1e6),
  }
}

function peers(options: Options, port: number): Record<string, number> {
  const rates = (program: string) => JSON.parse(run(options, 'rates.ts', [program, String(port)]))
  const late = (program: string) => JSON.parse(run(options, 'lateness.ts', [program, String(port)])).p99
  const rounds = Array.from({ length: ROUNDS }, () => ({ ours: rates('ours'), peer: rates('bullmq') }))
  const over = (how: 'single' | 'many', what: 'schedule' | 'cancel') =>
    rounded(median(rounds.map(({ ours, peer }) => ours[how][what] / peer[how][what])))
  return {
    'schedule, one by one, over BullMQ': over('single', 'schedule'),
    'cancel, one by one, over BullMQ': over('single', 'cancel'),
    'PING, one by one, over the cancel of BullMQ': rounded(
      median(rounds.map(({ ours, peer }) => ours.floor / peer.single.cancel)),
    ),
    'schedule, 64 in flight, over BullMQ': over('many', 'schedule'),
    'cancel, 64 in flight, over BullMQ': over('many', 'cancel'),
    'ms late at p99 under load': late('ours'),
    'ms late at p99 under load, BullMQ': late('bullmq'),
  }
}

function quotas(): Record<string, number> {
  return Object.fromEntries(
    Object.entries(services).flatMap(([name, { schedule, fire, dollars }]) => [
      [`${name}: minutes until a million are scheduled`, rounded(secondsFor(MILLION, schedule) / 60)],
      [
        `${name}: minutes until a million have fired that are due at once`,
        fire === undefined ? 0 : rounded(secondsFor(MILLION, fire) / 60),
      ],
      [`${name}: dollars for a million`, dollars],
    ]),
  )
}

function run(
  { built }: Options,
  script: string,
  args: readonly string[],
  flags: readonly string[] = [],
): string {
  const file = fileURLToPath(new URL(`reminders/${script}`, import.meta.url))
  const conditions = built ? [] : ['--conditions=@spaceship/source']
  const { stdout, stderr, status } = spawnSync(process.execPath, [...flags, ...conditions, file, ...args], {
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`${script} ${args.join(' ')} failed:\n${stderr}${stdout}`)
  return stdout.trim()
}

const rounded = (value: number): number => Math.round(value * 1_000) / 1_000
