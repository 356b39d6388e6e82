export { announce, type RunningShip, runningShip } from './running.ts'
