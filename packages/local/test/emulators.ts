/** For all tests of a process: each launch would start threads of its own. */

import { createEmulators } from '../src/index.ts'

export const emulators = createEmulators()
