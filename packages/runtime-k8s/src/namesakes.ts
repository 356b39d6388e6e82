/**
 * Owns what a worker makes of leases under its own id. A restarted process may have the id of the one before it, and a deployment may give one id to all of
 * its pods.
 *
 * | the lease was written by              | it is                                                                            |
 * |---------------------------------------|----------------------------------------------------------------------------------|
 * | this process, which does not hold it  | free: its opening failed, or the answer to its taking was lost                   |
 * | another process before our first look,| free: this one is a restart, as in KCL. If the other one lives it notices at its |
 * | and nobody since                      | next renewal                                                                     |
 * | another process, later                | a peer's, which is told once if it lives                                         |
 */

import { holderOf, type Lease } from './leases/index.ts'
import type { WorkerSettings } from './options.ts'

export class Namesakes {
  readonly #settings: Pick<WorkerSettings, 'logger' | 'me' | 'process'>
  /** Leases of others, by key: at the first look, and at the last one. */
  #first: ReadonlyMap<string, Lease> | undefined
  #seen: ReadonlyMap<string, Lease> | undefined
  readonly #told = new Set<string>()

  constructor(settings: Pick<WorkerSettings, 'logger' | 'me' | 'process'>) {
    this.#settings = settings
  }

  /** Takes in a look at the table. @returns the leases that are free because of their id */
  look(leases: readonly Lease[]): ReadonlySet<Lease> {
    const { me, process } = this.#settings
    const ours = leases.filter((lease) => holderOf(lease) === me)
    const isOurs = (lease: Lease) => lease.process === process
    const others = ours.filter((lease) => !isOurs(lease))
    for (const lease of others) if (this.#isAlive(lease)) this.#tell(lease.process)
    this.#seen = new Map(others.map((lease) => [lease.key, lease]))
    this.#first ??= this.#seen
    const wasLeft = ({ key, counter }: Lease) => this.#first?.get(key)?.counter === counter
    return new Set(ours.filter((lease) => isOurs(lease) || wasLeft(lease)))
  }

  #isAlive({ key, process, counter }: Lease): boolean {
    const before = this.#seen?.get(key)
    return before !== undefined && before.process === process && before.counter < counter
  }

  #tell(process = ''): void {
    if (this.#told.has(process)) return
    this.#told.add(process)
    this.#settings.logger.warn(
      'another process has the id of this worker, and is counted as a worker of its own: give each process an id of its own, or none',
      { details: { id: this.#settings.me, holder: process, ours: this.#settings.process } },
    )
  }
}
