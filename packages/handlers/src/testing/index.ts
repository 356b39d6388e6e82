export { type MemorySearch, type MemorySearchOptions, memorySearch } from './search.ts'
export { type MemorySlack, type MemorySlackOptions, memorySlack, type SentMessage } from './slack.ts'
