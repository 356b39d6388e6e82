import { dueAt } from './expression.ts'

/** A schedule as CreateSchedule and UpdateSchedule describe it, checked. */
export interface Schedule {
  readonly name: string
  /** Milliseconds since 1970. */
  readonly due: number
  readonly enabled: boolean
  readonly deleteWhenDone: boolean
  readonly stream: string
  readonly partitionKey: string
  readonly input: string
  /** What GetSchedule answers, but for its dates. */
  readonly description: Readonly<Record<string, unknown>>
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
const KNOWN_IN_TARGET = new Set(['Arn', 'Input', 'KinesisParameters', 'RetryPolicy', 'RoleArn'])

/** The schedule, or everything that is wrong with it. */
export function readSchedule(
  name: string,
  fields: Fields,
): Schedule | { readonly problems: readonly string[] } {
  const problems: string[] = []
  const unsupported = (what: string) =>
    problems.push(
      `${what} is not supported: the embedded scheduler is a stand-in for one-time schedules that put a record into Kinesis.`,
    )

  if (!/^[0-9a-zA-Z-_.]{1,64}$/.test(name))
    problems.push(`Name '${name}' must match [0-9a-zA-Z-_.]+ and have at most 64 characters.`)
  for (const key of Object.keys(fields)) if (!KNOWN.has(key)) unsupported(key)

  const target = asFields(fields.Target)
  for (const key of Object.keys(target)) if (!KNOWN_IN_TARGET.has(key)) unsupported(`Target.${key}`)
  const [, stream] = /^arn:aws[\w-]*:kinesis:[\w-]*:\d*:stream\/([\w.-]+)$/.exec(text(target.Arn)) ?? []
  if (target.Arn === undefined) problems.push('Target.Arn is required.')
  else if (stream === undefined) unsupported(`Target.Arn '${text(target.Arn)}'`)
  if (text(target.RoleArn) === '') problems.push('Target.RoleArn is required.')
  const partitionKey = text(asFields(target.KinesisParameters).PartitionKey)
  if (partitionKey === '' || partitionKey.length > 256)
    problems.push('Target.KinesisParameters.PartitionKey is required, with 1 to 256 characters.')
  if (text(target.Input) === '') problems.push('Target.Input is required: it becomes the record.')

  const { Mode: mode } = asFields(fields.FlexibleTimeWindow)
  if (mode !== 'OFF' && mode !== 'FLEXIBLE') problems.push('FlexibleTimeWindow.Mode must be OFF or FLEXIBLE.')
  const {
    State: state = 'ENABLED',
    ActionAfterCompletion: after = 'NONE',
    ScheduleExpressionTimezone: zone = 'UTC',
  } = fields
  if (state !== 'ENABLED' && state !== 'DISABLED') problems.push('State must be ENABLED or DISABLED.')
  if (after !== 'NONE' && after !== 'DELETE') problems.push('ActionAfterCompletion must be NONE or DELETE.')
  const due = dueAt(text(fields.ScheduleExpression), text(zone))
  if (typeof due !== 'number') problems.push(due.problem)

  if (problems.length > 0 || typeof due !== 'number' || stream === undefined) return { problems }
  const { ClientToken: _, ...kept } = fields
  return {
    name,
    due,
    enabled: state === 'ENABLED',
    deleteWhenDone: after === 'DELETE',
    stream,
    partitionKey,
    input: text(target.Input),
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

export function scheduleArn(name: string): string {
  return `arn:aws:scheduler:us-east-1:000000000000:schedule/default/${name}`
}

/** The input with Scheduler's context attributes filled in. */
export function renderInput(
  { name, due, input }: Schedule,
  execution: { id: string; attempt: number },
): string {
  return input
    .replaceAll('<aws.scheduler.schedule-arn>', scheduleArn(name))
    .replaceAll('<aws.scheduler.scheduled-time>', new Date(due).toISOString().replace('.000Z', 'Z'))
    .replaceAll('<aws.scheduler.execution-id>', execution.id)
    .replaceAll('<aws.scheduler.attempt-number>', String(execution.attempt))
}

function asFields(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
