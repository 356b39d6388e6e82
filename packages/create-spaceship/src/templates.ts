/** Owns which templates there are, and where their files lie: beside this package, as it is installed. */

import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const TEMPLATES = ['minimal', 'onboarding', 'shared-table'] as const

export type TemplateName = (typeof TEMPLATES)[number]

export interface Template {
  readonly folder: string
  /** In one line. */
  readonly summary: string
  /** What its code imports. */
  readonly dependencies: readonly string[]
}

const HOME = fileURLToPath(new URL('../templates/', import.meta.url))

/** What every project has. */
export const BASE = `${HOME}base`

export function templateOf(name: TemplateName): Template {
  const folder = `${HOME}${name}`
  const { summary, dependencies } = JSON.parse(readFileSync(`${folder}/template.json`, 'utf8'))
  return { folder, summary, dependencies }
}

/** Those of a repository that has not been built lack the one that is copied from the example. */
export const present = (): readonly TemplateName[] =>
  TEMPLATES.filter((name) => existsSync(`${HOME}${name}/src`))
