/**
 * Owns how a program that runs reactors of others learns of their engines: each engine that is made is announced on a channel of Node's
 * `diagnostics_channel`, once, if somebody has subscribed before. The reactors' own files stay as they are; without a subscriber nothing
 * is asked, made or told.
 *
 * @example
 * import { subscribe } from 'node:diagnostics_channel'
 * subscribe(ENGINES, (message) => {
 *   const { engine, observe } = message as Announced // nothing else is published there
 *   observe(({ step, route }) => console.log(engine.application, route, step))
 * })
 */

import { channel } from 'node:diagnostics_channel'
import type { Engine } from './seam.ts'
import type { Settings } from './settings.ts'
import { type Observer, unfailingObserver } from './steps.ts'

/** The name of the channel. */
export const ENGINES = 'spaceship:engines'

/** What is published there. */
export interface Announced {
  readonly engine: Engine
  /** From now on the observer is told of each step of each record, beside the one of the engine's own options. */
  observe(observer: Observer): void
}

/** @returns the settings by which the engine is to be made, and what to call once it is */
export function announcing(settings: Settings): {
  readonly settings: Settings
  readonly announce: (engine: Engine) => void
} {
  const engines = channel(ENGINES)
  if (!engines.hasSubscribers) return { settings, announce: () => {} }
  const observers: Observer[] = settings.observe === undefined ? [] : [settings.observe]
  const announce = (engine: Engine) => {
    const observe = (observer: Observer) => {
      observers.push(unfailingObserver(observer, settings.logger))
    }
    engines.publish({ engine, observe } satisfies Announced)
  }
  const observe: Observer = (step, record) => {
    for (const observer of observers) observer(step, record)
  }
  return { settings: { ...settings, observe }, announce }
}
