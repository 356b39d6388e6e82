/** Second room: when it is the turn of a task. */
export { type Comer, createGate, type Finish, type Gate, type Queue } from './gate.ts'
export { createLanes, type Lanes } from './lanes.ts'
export { createQuiet, type Quiet } from './quiet.ts'
