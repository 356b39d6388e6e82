export type { SimulatedProcess } from './cargo.ts'
export {
  type FleetOptions,
  type FleetReport,
  type Saving,
  type Scenario,
  type ScenarioEnd,
  simulateFleet,
} from './fleet.ts'
