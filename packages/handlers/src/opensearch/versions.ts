/**
 * Owns the versions of an index that Spaceship keeps, and the aliases that say what each of them is for. Everything that processes must
 * agree on stands in the cluster itself.
 *
 * | name                       | what                                                                                       |
 * |----------------------------|--------------------------------------------------------------------------------------------|
 * | `clients`                  | the alias that is searched: one version, without what stands for removed documents         |
 * | `clients-v<version>`       | a version: the hash of its index, and a number if there was one with the same before        |
 * | `clients-write-<version>`  | an alias of one version: as long as it is there, documents are written into that version    |
 *
 * Documents are written through aliases, with `require_alias`: a version that somebody has removed is missed, and not made by the write.
 */

import { SpaceshipError, Unavailable } from '@spaceship/core'
import { type Answer, errorType, isEmbedded, refused } from './answer.ts'
import type { Call } from './request.ts'
import { LIVING, type SearchIndex } from './search-index.ts'

export interface IndexVersion {
  /** The index behind the aliases: `clients-v1a2b3c4d`. */
  readonly index: string
  readonly version: string
  /** Whether it is searched. */
  readonly live: boolean
  /** Whether documents are written into it. */
  readonly writable: boolean
}

export interface Versions {
  /** All there are, oldest first as far as their names say. */
  list(index: SearchIndex): Promise<readonly IndexVersion[]>
  /** The aliases through which documents are written. Makes the first version where that is allowed. @throws Unavailable with `setup` if there is none */
  writable(index: SearchIndex): Promise<readonly string[]>
  /** Makes a version that is written, and not searched. @returns its name, without the index's */
  make(index: SearchIndex, version: string): Promise<void>
  /** Lets searches go to this version and no other, at once. */
  show(index: SearchIndex, version: string): Promise<void>
  /** Removes it and what it holds; it is fine if it is gone. @throws SpaceshipError `index-searched` for the one that is searched */
  remove(index: SearchIndex, version: string): Promise<void>
}

export interface VersionsOptions {
  readonly call: Call
  /** Undefined: on the embedded spaceship only. */
  readonly create: boolean | undefined
}

const versionName = (name: string, version: string) => `${name}-v${version}`
const writeAlias = (name: string, version: string) => `${name}-write-${version}`
const pathOf = (...parts: readonly string[]) => `/${parts.map(encodeURIComponent).join('/')}`

export function createVersions({ call, create }: VersionsOptions): Versions {
  async function known({ name }: SearchIndex): Promise<{ versions: IndexVersion[]; answer: Answer }> {
    const path = `/${encodeURIComponent(name)}-v*/_alias`
    const answer = await call({ index: name, method: 'GET', path, querystring: { expand_wildcards: 'all' } })
    if (answer.status >= 400) throw refused(answer)
    const versions = Object.entries(Object(answer.body)).flatMap(([index, content]): IndexVersion[] => {
      const version = index.slice(`${name}-v`.length)
      const aliases = Object.keys(Object(Object(content).aliases))
      // Another index whose name begins like a version of this one.
      if (!/^[0-9a-f]{8}(-\d+)?$/.test(version)) return []
      return [
        {
          index,
          version,
          live: aliases.includes(name),
          writable: aliases.includes(writeAlias(name, version)),
        },
      ]
    })
    return { versions: versions.sort((a, b) => (a.index < b.index ? -1 : 1)), answer }
  }

  async function put(index: SearchIndex, version: string, aliases: object): Promise<void> {
    const { name, definition } = index
    const path = pathOf(versionName(name, version))
    const answer = await call({ index: name, method: 'PUT', path, body: { ...definition, aliases } })
    // Another process was quicker.
    const isThere = errorType(answer.body) === 'resource_already_exists_exception'
    if (answer.status >= 400 && !isThere) throw refused(answer)
  }

  const asked = ({ name }: SearchIndex, actions: readonly object[]) =>
    call({ index: name, method: 'POST', path: '/_aliases', body: { actions } })

  async function change(index: SearchIndex, actions: readonly object[]): Promise<void> {
    const answer = await asked(index, actions)
    if (answer.status >= 400) throw refused(answer)
  }

  return {
    list: async (index) => (await known(index)).versions,
    writable: async (index) => {
      const { name, hash } = index
      const { versions, answer } = await known(index)
      const found = versions.filter(({ writable }) => writable)
      if (found.length > 0) return found.map(({ version }) => writeAlias(name, version))
      if (!(create ?? isEmbedded(answer))) throw missing(name)
      await put(index, hash, { [name]: { filter: LIVING }, [writeAlias(name, hash)]: {} })
      return [writeAlias(name, hash)]
    },
    make: (index, version) => put(index, version, { [writeAlias(index.name, version)]: {} }),
    show: async (index, version) => {
      const { name } = index
      const others = (await known(index)).versions.filter((one) => one.live && one.version !== version)
      await change(index, [
        ...others.map((one) => ({ remove: { index: one.index, alias: name } })),
        { add: { index: versionName(name, version), alias: name, filter: LIVING } },
      ])
    },
    remove: async (index, version) => {
      const { name } = index
      for (;;) {
        const { versions } = await known(index)
        const found = versions.find((one) => one.version === version)
        if (found === undefined) return
        if (found.live) throw searched(name, version)
        const live = versions.find((one) => one.live)
        // All or nothing: that another version is searched is asked by removing its alias, which then is added again.
        const stays = live && [
          { remove: { index: live.index, alias: name, must_exist: true } },
          { add: { index: live.index, alias: name, filter: LIVING } },
        ]
        const actions = [...(stays ?? []), { remove_index: { index: found.index } }]
        const answer = await asked(index, actions)
        if (answer.status < 400) return
        // Somebody shows another version at this moment: which one is searched has to be looked at again.
        if (errorType(answer.body) !== 'aliases_not_found_exception') throw refused(answer)
      }
    },
  }
}

function missing(name: string): Unavailable {
  const advice = `run \`spaceship rebuild --index ${name}\`, or give createSearch 'create: true'`
  const setup = { reason: 'not-found', resource: `index '${name}'`, advice } as const
  return new Unavailable('opensearch', `the index '${name}' has no version to write to: ${advice}`, { setup })
}

function searched(name: string, version: string): SpaceshipError {
  const advice = 'show another version first, or name one that is not searched'
  return new SpaceshipError(
    'index-searched',
    `version ${version} of the index '${name}' is searched and is not removed: ${advice}`,
  )
}
