export { type MemorySearch, memorySearch } from './search.ts'
export { type MemorySlack, memorySlack } from './slack.ts'
