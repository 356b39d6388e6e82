/** Second room: when it is the turn of a task. */
export { ANSWERED, type Comer, createGate, type Finish, type Gate, NOTHING, type Queue } from './gate.ts'
export { createLanes, type Lanes, OVER } from './lanes.ts'
export { createQuiet, type Quiet } from './quiet.ts'
