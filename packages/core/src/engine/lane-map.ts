/**
 * Owns which lanes of a route are open, so that the next task of a key finds its place. Never runs any.
 *
 * Lanes open and end with nearly every record. A map from which they were deleted would grow anew all the time, and each outgrown table
 * stays in the collector's old space with the lanes that it held: a lane that ended is blanked, and thrown away with the map now and then.
 */

export interface LaneMap<Lane> {
  /** Undefined if the lane is not open. */
  get(key: string): Lane | undefined
  open(key: string, lane: Lane): void
  /** Ends the lane, if it is open. */
  end(key: string, lane: Lane): void
}

/** Ended lanes that are kept, beside as many as are open. */
const BLANK = 1_024

export function createLaneMap<Lane>(): LaneMap<Lane> {
  let lanes = new Map<string, Lane | undefined>()
  let open = 0
  const get = (key: string) => (open === 0 ? undefined : lanes.get(key))

  return {
    get,
    open: (key, lane) => {
      open += 1
      lanes.set(key, lane)
    },
    end: (key, lane) => {
      if (get(key) !== lane) return
      open -= 1
      lanes.set(key, undefined)
      if (lanes.size > open * 2 + BLANK) lanes = new Map([...lanes].filter(([, kept]) => kept !== undefined))
    },
  }
}
