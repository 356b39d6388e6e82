/** Owns what is asked about aliases: to change them, all at once or not at all, and to show them. */
import { type Alias, readAlias } from './aliases.ts'
import type { Index, Indices } from './indices.ts'
import { type Fields, isObject } from './json.ts'
import { illegalArgument, invalidRequest, Refusal, unsupported } from './refusal.ts'
import { matches } from './wildcard.ts'

type Change = (aliases: Map<Index, Record<string, Alias>>, dropped: Set<Index>) => void

/** All actions, or none. @throws Refusal */
export function changeAliases({ actions, ...rest }: Fields, indices: Indices): void {
  const [other] = Object.keys(rest)
  if (other !== undefined || !Array.isArray(actions)) throw unsupported('aliases without a list of [actions]')
  if (actions.length === 0) throw invalidRequest(['Must specify at least one action'])
  const changes = actions.map((action) => readAction(action, indices))
  const changed = new Map<Index, Record<string, Alias>>()
  const dropped = new Set<Index>()
  for (const change of changes) change(changed, dropped)
  for (const index of dropped) indices.drop(index)
  for (const [index, aliases] of changed) {
    index.aliases = aliases
    indices.changed(index)
  }
}

function readAction(action: unknown, indices: Indices): Change {
  const [[kind, given] = [], ...others] = Object.entries(isObject(action) ? action : {})
  if (others.length > 0 || !isObject(given)) throw illegalArgument('an action on aliases has one kind')
  const { index: name, alias, must_exist: mustExist, ...options } = given
  if (typeof name !== 'string') throw unsupported('an action on aliases without one [index]')
  const index = indices.concrete(name)
  if (kind === 'remove_index') return (_, dropped) => void dropped.add(index)
  if (typeof alias !== 'string') throw unsupported('an action on aliases without one [alias]')
  if (kind === 'add') {
    const added = readAlias(options)
    return (changed, dropped) => {
      const taken = indices.find(alias)
      if (taken !== undefined && taken.name === alias && !dropped.has(taken)) throw taking(alias)
      changed.set(index, { ...(changed.get(index) ?? index.aliases), [alias]: added })
    }
  }
  if (kind !== 'remove') throw unsupported(`the action [${kind}] on aliases`)
  return (changed) => {
    const { [alias]: removed, ...kept } = changed.get(index) ?? index.aliases
    if (removed === undefined && mustExist !== false)
      throw new Refusal(404, 'aliases_not_found_exception', `aliases [${alias}] missing`, {
        'resource.id': alias,
        'resource.type': 'aliases',
      })
    changed.set(index, kept)
  }
}

function taking(alias: string): Refusal {
  const reason = `Invalid alias name [${alias}], an index exists with the same name as the alias`
  return new Refusal(400, 'invalid_alias_name_exception', reason, { index: alias })
}

/** What `GET /<indices>/_alias/<name>` answers. @param pattern a name, or with `*`; all of them without it */
export function describeAliases(found: readonly Index[], pattern: string | undefined) {
  const body = found.flatMap(({ name, aliases }) => {
    const wanted = Object.entries(aliases).filter(
      ([alias]) => pattern === undefined || matches(pattern, alias),
    )
    return pattern !== undefined && wanted.length === 0
      ? []
      : [[name, { aliases: Object.fromEntries(wanted) }]]
  })
  const isMissing = body.length === 0 && pattern !== undefined && !pattern.includes('*')
  if (isMissing) return { status: 404, body: { error: `alias [${pattern}] missing`, status: 404 } }
  return { status: 200, body: Object.fromEntries(body) }
}
