/** Fourth room: what a verdict leads to. */
export {
  ABANDONED,
  DONE,
  type Ending,
  end,
  type Matter,
  type Outcome,
  parkBehind,
  settle,
  skipped,
} from './ending.ts'
export { createParks, type Parks } from './parks.ts'
