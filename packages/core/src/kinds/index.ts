/** The kinds of thing that can arrive: a new one is a file here, and a line below. */

import type { Kind } from '../engine/kind.ts'
import { change } from './change.ts'
import { published } from './published.ts'
import { redrive } from './redrive.ts'
import { reminder } from './reminder.ts'
import { tick } from './tick.ts'

export const kinds: readonly Kind[] = [change, published, reminder, redrive, tick]

export { type Incoming, read } from './read.ts'
