export { type Search, startSearch } from './search.ts'
