import { type Times, timesOf } from './expression.ts'

/** A schedule as CreateSchedule and UpdateSchedule describe it, checked. */
export interface Schedule {
  readonly name: string
  readonly times: Times
  readonly enabled: boolean
  readonly deleteWhenDone: boolean
  readonly stream: string
  readonly partitionKey: string
  readonly input: string
  readonly retry: Retry
  /** What GetSchedule answers, but for its dates. */
  readonly description: Readonly<Record<string, unknown>>
}

/** How long a put that fails is repeated. */
export interface Retry {
  readonly attempts: number
  /** In milliseconds. */
  readonly age: number
}

type Fields = Readonly<Record<string, unknown>>

const KNOWN = new Set([
  'ActionAfterCompletion',
  'ClientToken',
  'Description',
  'EndDate',
  'FlexibleTimeWindow',
  'GroupName',
  'ScheduleExpression',
  'ScheduleExpressionTimezone',
  'StartDate',
  'State',
  'Target',
])
const KNOWN_WITHIN: Readonly<Record<string, readonly string[]>> = {
  Target: ['Arn', 'Input', 'KinesisParameters', 'RetryPolicy', 'RoleArn'],
  'Target.KinesisParameters': ['PartitionKey'],
  'Target.RetryPolicy': ['MaximumEventAgeInSeconds', 'MaximumRetryAttempts'],
  FlexibleTimeWindow: ['MaximumWindowInMinutes', 'Mode'],
}

/** The schedule, or everything that is wrong with it. @param now milliseconds since 1970 */
export function readSchedule(
  name: string,
  fields: Fields,
  now: number,
): Schedule | { readonly problems: readonly string[] } {
  const problems: string[] = []
  const unsupported = (what: string) =>
    problems.push(
      `${what} is not supported: the embedded scheduler is a stand-in for schedules that put a record into Kinesis.`,
    )

  if (!/^[0-9a-zA-Z-_.]{1,64}$/.test(name))
    problems.push(`Name '${name}' must match [0-9a-zA-Z-_.]+ and have at most 64 characters.`)
  for (const key of Object.keys(fields)) if (!KNOWN.has(key)) unsupported(key)
  for (const [path, known] of Object.entries(KNOWN_WITHIN)) {
    const inside = path.split('.').reduce((value, part) => asFields(value[part]), fields)
    for (const key of Object.keys(inside)) if (!known.includes(key)) unsupported(`${path}.${key}`)
  }

  const target = asFields(fields.Target)
  const [, stream] = /^arn:aws[\w-]*:kinesis:[\w-]*:\d*:stream\/([\w.-]+)$/.exec(text(target.Arn)) ?? []
  if (target.Arn === undefined) problems.push('Target.Arn is required.')
  else if (stream === undefined) unsupported(`Target.Arn '${text(target.Arn)}'`)
  if (text(target.RoleArn) === '') problems.push('Target.RoleArn is required.')
  const partitionKey = text(asFields(target.KinesisParameters).PartitionKey)
  if (partitionKey === '' || partitionKey.length > 256)
    problems.push('Target.KinesisParameters.PartitionKey is required, with 1 to 256 characters.')
  if (text(target.Input) === '') problems.push('Target.Input is required: it becomes the record.')

  const {
    State: state = 'ENABLED',
    ActionAfterCompletion: after = 'NONE',
    ScheduleExpressionTimezone: zone = 'UTC',
  } = fields
  if (state !== 'ENABLED' && state !== 'DISABLED') problems.push('State must be ENABLED or DISABLED.')
  if (after !== 'NONE' && after !== 'DELETE') problems.push('ActionAfterCompletion must be NONE or DELETE.')
  problems.push(...windowProblems(asFields(fields.FlexibleTimeWindow)))
  const retry = readRetry(asFields(target.RetryPolicy), problems)
  const start = readDate('StartDate', fields.StartDate, problems)
  const end = readDate('EndDate', fields.EndDate, problems)
  if (start !== undefined && end !== undefined && end <= start)
    problems.push('The EndDate must be after the StartDate.')
  if (end !== undefined && end <= now) problems.push('The EndDate must be in the future.')
  const times = timesOf(text(fields.ScheduleExpression), { timeZone: text(zone), from: now, start, end })
  if ('problem' in times) problems.push(times.problem)

  if (problems.length > 0 || 'problem' in times || stream === undefined) return { problems }
  const { ClientToken: _, ...kept } = fields
  return {
    name,
    times,
    enabled: state === 'ENABLED',
    deleteWhenDone: after === 'DELETE',
    stream,
    partitionKey,
    input: text(target.Input),
    retry,
    description: {
      ...kept,
      Name: name,
      GroupName: 'default',
      State: state,
      ActionAfterCompletion: after,
      ScheduleExpressionTimezone: zone,
    },
  }
}

function windowProblems({ Mode: mode, MaximumWindowInMinutes: minutes }: Fields): string[] {
  if (mode === 'OFF')
    return minutes === undefined ? [] : ['MaximumWindowInMinutes must not be given with the Mode OFF.']
  if (mode !== 'FLEXIBLE') return ['FlexibleTimeWindow.Mode must be OFF or FLEXIBLE.']
  return isWhole(minutes, 1, 1_440) ? [] : ['MaximumWindowInMinutes must be a number from 1 to 1440.']
}

function readRetry(policy: Fields, problems: string[]): Retry {
  const { MaximumRetryAttempts: attempts = 185, MaximumEventAgeInSeconds: age = 86_400 } = policy
  if (!isWhole(attempts, 0, 185)) problems.push('MaximumRetryAttempts must be a number from 0 to 185.')
  if (!isWhole(age, 60, 86_400)) problems.push('MaximumEventAgeInSeconds must be a number from 60 to 86400.')
  return { attempts: Number(attempts), age: Number(age) * 1_000 }
}

/** Seconds since 1970, with a fraction, as milliseconds. */
function readDate(name: string, value: unknown, problems: string[]): number | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'number' && Math.abs(value) <= 8_640_000_000_000) return Math.round(value * 1_000)
  problems.push(`${name} must be a time in seconds since 1970.`)
  return undefined
}

function isWhole(value: unknown, least: number, most: number): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most
}

export function scheduleArn(name: string): string {
  return `arn:aws:scheduler:us-east-1:000000000000:schedule/default/${name}`
}

/** One time that a schedule is due. */
export interface Execution {
  readonly due: number
  readonly id: string
  readonly attempt: number
}

/** The input with Scheduler's context attributes filled in. */
export function renderInput({ name, input }: Schedule, { due, id, attempt }: Execution): string {
  return input
    .replaceAll('<aws.scheduler.schedule-arn>', scheduleArn(name))
    .replaceAll('<aws.scheduler.scheduled-time>', new Date(due).toISOString().replace(/\.\d{3}Z$/, 'Z'))
    .replaceAll('<aws.scheduler.execution-id>', id)
    .replaceAll('<aws.scheduler.attempt-number>', String(attempt))
}

function asFields(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
