export { type Search, type SearchOptions, startSearch } from './search.ts'
