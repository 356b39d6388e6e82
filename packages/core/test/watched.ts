import type { Delivery } from '../src/engine.ts'
import { memoryDeadLetters, memoryState, type virtualClock } from '../src/memory/index.ts'
import type { DeadLetter, StateStore } from '../src/ports/index.ts'

/** Stores that revoke a delivery at one of their calls, and note what begins afterwards. */
export function watched(clock: ReturnType<typeof virtualClock>, at: number, isBefore: boolean) {
  const memory = memoryState({ clock })
  const letters = memoryDeadLetters()
  const late: string[] = []
  const lost = { delivery: undefined as Delivery | undefined, is: false }
  let calls = 0
  const revoke = () => {
    lost.is = true
    lost.delivery?.revoke(new Error('lease lost'))
  }
  const asked = async <T>(what: string, isWrite: boolean, call: () => Promise<T>): Promise<T> => {
    if (lost.is && isWrite) late.push(what)
    calls += 1
    const isNow = calls === at
    if (isNow && isBefore) revoke()
    const answer = await call()
    if (isNow && !isBefore) revoke()
    return answer
  }
  const state: StateStore = {
    get: (key) => asked(`get ${key}`, false, () => memory.get(key)),
    set: (key, value, options) => asked(`set ${key}`, true, () => memory.set(key, value, options)),
    delete: (key, version) => asked(`delete ${key}`, true, () => memory.delete(key, version)),
  }
  const deadLetters = {
    ...letters,
    letters: letters.letters,
    get: (id: string) => asked(`letter ${id}`, false, () => letters.get(id)),
    put: (letter: DeadLetter) => asked(`put ${letter.id}`, true, () => letters.put(letter)),
    remove: (id: string) => asked(`remove ${id}`, true, () => letters.remove(id)),
  }
  return { memory, letters, state, deadLetters, late, lost }
}
