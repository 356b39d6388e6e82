/**
 * Owns the reading of many things one after the other without waiting for each: a few are read at a time, in their order. No more is held than
 * those few, however many there are, and nothing is read before somebody asks for the first.
 */

/** Read or being read, and not asked for yet. */
const MOST = 8
const MOST_BYTES = 16 * 1024 * 1024

export interface Reading<T, R> {
  readonly read: (one: T) => Promise<R>
  /** How large the answer may be. One that is larger than all that may be held is read alone. */
  readonly bytesOf: (one: T) => number
}

/** @throws what the first read threw that fails, in its place */
export async function* readAhead<T, R>(
  names: AsyncIterable<T>,
  { read, bytesOf }: Reading<T, R>,
): AsyncGenerator<R> {
  const ahead: { readonly bytes: number; readonly answer: Promise<R> }[] = []
  let held = 0
  const isFull = (bytes: number) => ahead.length >= MOST || (ahead.length > 0 && held + bytes > MOST_BYTES)

  function start(one: T, bytes: number): void {
    const answer = read(one)
    // Told in its turn, or to nobody if the rest is not asked for.
    answer.catch(() => {})
    ahead.push({ bytes, answer })
    held += bytes
  }

  for await (const one of names) {
    const bytes = bytesOf(one)
    while (isFull(bytes)) {
      const first = ahead.shift()
      if (first === undefined) break
      held -= first.bytes
      yield await first.answer
    }
    start(one, bytes)
  }
  for (const { answer } of ahead) yield await answer
}
