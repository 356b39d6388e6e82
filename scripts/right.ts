/** Owns how a right call is made from the shapes of its arguments. */

import { ENGINE } from '../packages/core/src/engine/options.ts'
import type { Shape, Shapes } from '../packages/core/src/shapes.ts'
import { like } from '../packages/core/src/shapes.ts'
import { allOf, leaves } from './fitting.ts'

export interface Call {
  // What a caller without types can do: call anything with anything.
  readonly call: (...args: never) => unknown
  readonly args: readonly unknown[]
  /** Of the arguments, by their names and in their order. */
  readonly shapes: Shapes
  /** What comes of it. @default 'works' */
  readonly rightly?: 'works' | 'refused'
  /** Codes of errors that are about data, not about configuration. */
  readonly answers?: readonly string[]
  /** Kinds that also work in a spot, such as `options.key`; 'anything' for values that are the caller's own. */
  readonly accepts?: Readonly<Record<string, readonly string[]>>
}

/** What no shape can say. */
export interface Own extends Pick<Call, 'rightly' | 'answers' | 'accepts'> {
  /** Instead of what fits; within an object, instead of some of its fields. */
  readonly instead?: Readonly<Record<string, unknown>>
}

/** The right call, made from the shapes of the arguments. */
export function right(call: Call['call'], shapes: Shapes = {}, { instead = {}, ...own }: Own = {}): Call {
  const fit = allOf(shapes)
  const args = Object.keys(shapes).map((name) => {
    const [whole, part] = [fit[name], instead[name]]
    if (!(name in instead)) return whole
    return isPlain(whole) && isPlain(part) ? { ...whole, ...part } : part
  })
  return { call, args, shapes, ...own }
}

function isPlain(value: unknown): value is object {
  return Object(value).constructor === Object && !leaves.has(value)
}

export const fieldsOf = (...shapes: readonly Shape[]): Shapes =>
  Object.assign({}, ...shapes.map(({ fields }) => fields))

/** Whose value is the caller's own. */
export const own = ['anything']
export const data = like('data of the caller', () => true)

/** The engine's, as runtimes and the harness have them. */
export const { reactors = data, ...engineOptions } = fieldsOf(ENGINE.options)
export const { application = data, ...engineOwn } = engineOptions
