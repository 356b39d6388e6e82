/** Owns expressions of the fuzz: conditions, updates and projections of DynamoDB, mostly right, and deep. */

import type { Dice } from './dice.ts'

export type Expression = 'condition' | 'update' | 'projection'

const OPERANDS = ['v', '#n', ':a', 'm.x', 'l[0]', 'size(v)', 'id', 'v.#n[3].y'] as const

export function expression(start: Expression, dice: Dice): string {
  if (start === 'projection')
    return Array.from({ length: 1 + dice.below(4) }, () => dice.pick(OPERANDS)).join(', ')
  return start === 'condition' ? condition(dice.pick([0, 1, 3, 12, 60]), dice) : update(dice)
}

function condition(depth: number, dice: Dice): string {
  const operand = (): string => dice.pick(OPERANDS)
  if (depth === 0)
    return dice.pick<() => string>([
      () => `${operand()} ${dice.pick(['=', '<>', '<', '>='])} ${operand()}`,
      () => `attribute_exists(${operand()})`,
      () => `begins_with(${operand()}, ${operand()})`,
      () => `${operand()} BETWEEN ${operand()} AND ${operand()}`,
      () => `${operand()} IN (${operand()}, ${operand()})`,
      () => `contains(${operand()}, :a)`,
      () => `attribute_type(v, :a)`,
    ])()
  const inner = condition(depth - 1, dice)
  return dice.pick<() => string>([
    () => `(${inner}) OR (${condition(0, dice)} AND v <> :a)`,
    () => `${condition(0, dice)} AND (${inner})`,
    () => `NOT (${inner})`,
    () => `(${inner})`,
  ])()
}

function update(dice: Dice): string {
  const operand = (): string => dice.pick(OPERANDS)
  const sum = (depth: number): string =>
    depth === 0 ? operand() : `(${sum(depth - 1)}) ${dice.pick(['+', '-'])} ${operand()}`
  return dice.pick<() => string>([
    () => `SET v = ${sum(dice.pick([0, 1, 8, 60]))}`,
    () => `SET v = if_not_exists(${operand()}, ${operand()}), #n = list_append(${operand()}, :a)`,
    () => `REMOVE ${operand()}, ${operand()}`,
    () => `ADD v :a DELETE #n :a`,
  ])()
}
