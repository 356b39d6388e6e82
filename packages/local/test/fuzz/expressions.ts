/** Owns expressions of the fuzz: conditions, updates and projections of DynamoDB, mostly right, and deep. */

import type { Chance } from '../../../core/src/testing/chance.ts'

export type Expression = 'condition' | 'update' | 'projection'

const OPERANDS = ['v', '#n', ':a', 'm.x', 'l[0]', 'size(v)', 'id', 'v.#n[3].y'] as const

export function expression(start: Expression, chance: Chance): string {
  if (start === 'projection')
    return Array.from({ length: 1 + chance.below(4) }, () => chance.pick(OPERANDS)).join(', ')
  return start === 'condition' ? condition(chance.pick([0, 1, 3, 12, 60]), chance) : update(chance)
}

function condition(depth: number, chance: Chance): string {
  const operand = (): string => chance.pick(OPERANDS)
  if (depth === 0)
    return chance.pick<() => string>([
      () => `${operand()} ${chance.pick(['=', '<>', '<', '>='])} ${operand()}`,
      () => `attribute_exists(${operand()})`,
      () => `begins_with(${operand()}, ${operand()})`,
      () => `${operand()} BETWEEN ${operand()} AND ${operand()}`,
      () => `${operand()} IN (${operand()}, ${operand()})`,
      () => `contains(${operand()}, :a)`,
      () => `attribute_type(v, :a)`,
    ])()
  const inner = condition(depth - 1, chance)
  return chance.pick<() => string>([
    () => `(${inner}) OR (${condition(0, chance)} AND v <> :a)`,
    () => `${condition(0, chance)} AND (${inner})`,
    () => `NOT (${inner})`,
    () => `(${inner})`,
  ])()
}

function update(chance: Chance): string {
  const operand = (): string => chance.pick(OPERANDS)
  const sum = (depth: number): string =>
    depth === 0 ? operand() : `(${sum(depth - 1)}) ${chance.pick(['+', '-'])} ${operand()}`
  return chance.pick<() => string>([
    () => `SET v = ${sum(chance.pick([0, 1, 8, 60]))}`,
    () => `SET v = if_not_exists(${operand()}, ${operand()}), #n = list_append(${operand()}, :a)`,
    () => `REMOVE ${operand()}, ${operand()}`,
    () => `ADD v :a DELETE #n :a`,
  ])()
}
