/** Owns state machines: what is made, changed, listed and removed. */

import { randomUUID } from 'node:crypto'
import type { Clock } from '@spaceship/core/ports'
import type { Shelf } from '../data/index.ts'
import { type AwsFault, type Fields, isFault } from '../http/index.ts'
import type { Definitions } from './definition.ts'
import { fault, refusals } from './refusal.ts'
import { ACCOUNT, isName, named, pageOf } from './request.ts'

export interface Machine {
  readonly arn: string
  readonly name: string
  readonly definition: string
  readonly roleArn: string
  /** Milliseconds since 1970. */
  readonly created: number
  /** Counts what was made, so that lists have an order. */
  readonly number: number
}

export type Answer = Fields | AwsFault | Promise<Fields | AwsFault>

export interface Machines {
  create(input: Fields): Answer
  describe(input: Fields): Answer
  update(input: Fields): Answer
  remove(input: Fields): Answer
  list(input: Fields): Answer
  /** The machine of an ARN, or what AWS would say. */
  find(arn: unknown): Machine | AwsFault
}

interface MachinesOptions {
  readonly definitionOf: Definitions
  readonly shelf: Shelf
  readonly clock: Pick<Clock, 'now'>
  readonly region: string
  /** Called as a machine is gone. */
  readonly removed: (machine: Machine) => void
}

export function machinesOf({ definitionOf, shelf, clock, region, removed }: MachinesOptions): Machines {
  const machines = new Map<string, Machine>()
  let count = 0
  for (const [, value] of shelf.all()) {
    // Safe: nothing but what `keep` sets lies on this shelf.
    const machine = value as Machine
    machines.set(machine.arn, machine)
    count = Math.max(count, machine.number + 1)
  }

  function keep(machine: Machine): void {
    machines.set(machine.arn, machine)
    shelf.set(machine.arn, machine)
  }

  function find(arn: unknown): Machine | AwsFault {
    if (named('stateMachine', arn) === undefined) return refusals.arn(arn)
    return machines.get(String(arn)) ?? refusals.noMachine(String(arn))
  }

  async function create({
    name,
    definition,
    roleArn,
    type = 'STANDARD',
  }: Fields): Promise<Fields | AwsFault> {
    if (!isName(name)) return refusals.name(name)
    if (type !== 'STANDARD')
      return fault(
        'StateMachineTypeNotSupported',
        `The embedded Step Functions has state machines of the type STANDARD only: '${String(type)}'`,
      )
    const read = await definitionOf(definition)
    if (isFault(read)) return read
    const arn = `arn:aws:states:${region}:${ACCOUNT}:stateMachine:${name}`
    const former = machines.get(arn)
    if (former !== undefined) {
      if (former.definition === definition)
        return { stateMachineArn: arn, creationDate: former.created / 1_000 }
      return fault('StateMachineAlreadyExists', `State Machine Already Exists: '${arn}'`)
    }
    const created = clock.now()
    const made = {
      arn,
      name,
      definition: String(definition),
      roleArn: String(roleArn),
      created,
      number: count,
    }
    count += 1
    keep(made)
    return { stateMachineArn: arn, creationDate: created / 1_000 }
  }

  async function update({ stateMachineArn, definition, roleArn }: Fields): Promise<Fields | AwsFault> {
    const known = find(stateMachineArn)
    if (isFault(known)) return known
    if (definition === undefined && roleArn === undefined)
      return fault(
        'MissingRequiredParameter',
        'Either the definition, the role ARN, or both must be specified.',
      )
    const read = definition === undefined ? undefined : await definitionOf(definition)
    if (read !== undefined && isFault(read)) return read
    keep({
      ...known,
      ...(definition !== undefined && { definition: String(definition) }),
      ...(roleArn !== undefined && { roleArn: String(roleArn) }),
    })
    return { updateDate: clock.now() / 1_000, revisionId: randomUUID() }
  }

  return {
    create,
    update,
    find,
    describe: ({ stateMachineArn }) => {
      const known = find(stateMachineArn)
      return isFault(known) ? known : { ...summary(known), status: 'ACTIVE', ...details(known) }
    },
    remove: ({ stateMachineArn }) => {
      const known = find(stateMachineArn)
      // One that is gone is removed: AWS says so, too.
      if (isFault(known)) return known.type === 'InvalidArn' ? known : {}
      machines.delete(known.arn)
      shelf.delete(known.arn)
      removed(known)
      return {}
    },
    list: (input) => {
      const page = pageOf([...machines.values()], ({ number }) => number, input)
      if ('type' in page) return page
      const { items, ...next } = page
      return { stateMachines: items.map(summary), ...next }
    },
  }
}

const summary = ({ arn, name, created }: Machine) => ({
  stateMachineArn: arn,
  name,
  type: 'STANDARD',
  creationDate: created / 1_000,
})

const details = ({ definition, roleArn }: Machine) => ({
  definition,
  roleArn,
  loggingConfiguration: { level: 'OFF', includeExecutionData: false },
  tracingConfiguration: { enabled: false },
})
