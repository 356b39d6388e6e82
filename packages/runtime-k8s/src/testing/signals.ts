/** Owns the signals of this process: workers drain at SIGTERM and SIGINT, and those here mean the simulation. */

const SIGNALS = ['SIGTERM', 'SIGINT'] as const

/** Calls what begins to listen for signals, and takes its listeners away. */
export function deaf<T>(start: () => T): T {
  const before = SIGNALS.map((signal) => ({ signal, known: process.listeners(signal) }))
  const started = start()
  for (const { signal, known } of before)
    for (const listener of process.listeners(signal))
      if (!known.includes(listener)) process.off(signal, listener)
  return started
}
