/** Owns waiting until a condition holds: whoever changes what it depends on says so, and then it is looked at again. */
export type Watchers = Set<() => void>

export function changed(watchers: Watchers): void {
  if (watchers.size > 0) for (const check of [...watchers]) check()
}

/** @param places where changes are told that the condition depends on */
export function when(condition: () => boolean, ...places: readonly Watchers[]): Promise<void> {
  if (condition()) return Promise.resolve()
  return new Promise((resolve) => {
    const check = () => {
      if (!condition()) return
      for (const watchers of places) watchers.delete(check)
      resolve()
    }
    for (const watchers of places) watchers.add(check)
  })
}
