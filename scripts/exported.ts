/** Owns the list of everything that the packages export and a caller can call: `core/engine createEngine`. */

import { packages } from './packages.ts'

// What a caller without types can do: call anything with anything.
export type Callable = (...args: readonly unknown[]) => unknown

async function callables(): Promise<Map<string, Callable>> {
  const all = new Map<string, Callable>()
  for (const { name, folder, entries } of packages) {
    for (const entry of entries) {
      const subpath = entry
        .replace(/^\.\/src\/|(\/?index|)\.ts$/g, '')
        .replace('ports/conformance', 'conformance')
      for (const [key, value] of Object.entries(await import(`${folder}/${entry}`)))
        if (typeof value === 'function')
          // The tables of the tests say how each of them may be called.
          all.set(`${name}${subpath === '' ? '' : `/${subpath}`} ${key}`, value as Callable)
    }
  }
  return all
}

export const exported: ReadonlyMap<string, Callable> = await callables()

/** `core: skip handler` as `core skip`, `core handler`. */
export function named(lines: readonly string[]): string[] {
  return lines.flatMap((line) => {
    const [specifier = '', names = ''] = line.split(': ')
    return names.split(' ').map((name) => `${specifier} ${name}`)
  })
}
