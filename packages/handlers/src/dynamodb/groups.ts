/**
 * Owns which writes travel together. Never looks at what they write, nor at what is answered.
 *
 * ```
 *              the first                the window is over, it is full, or the next one does not fit
 *   (none) ─────────────────> open ──────────────────────────────────────────────────> sent
 *                             │  ▲
 *                             └──┘ one that fits: another key, and small enough
 * ```
 *
 * One group is open at most; any number of them may be sent and not yet answered. Two with one key never travel together:
 * the second is the first of the next group, which does not wait for the answer of the one before it, as two requests at the
 * same time would not.
 */

import type { Clock } from '@spaceship/core/ports'

export interface Member {
  readonly key: string
  readonly size: number
}

export interface GroupOptions<M extends Member, A> {
  /** So many at most. */
  readonly limit: number
  /** The size of all members together at most. One that is larger travels alone. */
  readonly room: number
  /** Milliseconds for which a group stays open at most. */
  readonly window: number
  readonly sleep: Clock['sleep']
  /** Answers in the order of the members. If it rejects, it does so for each of them. */
  readonly send: (members: readonly M[]) => Promise<readonly A[]>
}

interface Group<M, A> {
  readonly members: M[]
  readonly keys: Set<string>
  size: number
  readonly close: () => void
  readonly answers: Promise<readonly A[]>
}

/** Puts one into a group and answers with its own answer; undefined if there is none for it. */
export function createGroups<M extends Member, A>(options: GroupOptions<M, A>) {
  const { limit, room, window, sleep, send } = options
  let open: Group<M, A> | undefined

  function start(): Group<M, A> {
    const members: M[] = []
    const { promise: closed, resolve: close } = Promise.withResolvers<void>()
    const group = {
      members,
      keys: new Set<string>(),
      size: 0,
      close,
      answers: closed.then(() => send(members)),
    }
    void sleep(window).then(() => leave(group))
    return group
  }

  function leave(group: Group<M, A>): void {
    if (open === group) open = undefined
    group.close()
  }

  return async (member: M): Promise<A | undefined> => {
    const { key, size } = member
    if (open !== undefined && (open.keys.has(key) || open.size + size > room)) leave(open)
    open ??= start()
    const group = open
    const place = group.members.push(member) - 1
    group.keys.add(key)
    group.size += size
    if (group.members.length === limit) leave(group)
    return (await group.answers)[place]
  }
}
