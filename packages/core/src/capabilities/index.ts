/** What routes may ask for beyond the kernel: a capability is a file here, and a line below, in the order in which attempts pass them. */

import type { Capability } from '../engine/stage.ts'
import { batch } from './batch.ts'
import { claim } from './claim.ts'
import { guard } from './guard.ts'
import { park } from './park.ts'
import { rate } from './rate.ts'

export const capabilities: readonly Capability[] = [rate, park, guard, claim, batch]
