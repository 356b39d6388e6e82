/** State: the keys of all items, and the one compare-and-set. */
export { change, textsIn } from './compare-and-set.ts'
export { fenced, fencedLetters } from './fenced.ts'
export {
  BUCKETS,
  backfillKey,
  boundedKey,
  claimKey,
  dueKey,
  duePrefixes,
  guardKey,
  journalKey,
  keptKey,
  noticeKey,
  parkedLaneKey,
  parkedLanes,
  rebuildKey,
  reminderKey,
  segmentKey,
  shortName,
  shownKey,
  suspectKey,
  sweepKey,
  tickKey,
  watchKey,
} from './keys.ts'
