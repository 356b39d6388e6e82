export { announce, runningShip } from './running.ts'
