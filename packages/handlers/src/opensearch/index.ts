export { createSearch, type SearchClient } from './opensearch.ts'
export {
  type Hit,
  type Query,
  type Search,
  type SearchEngine,
  type SearchOptions,
  searchWith,
  type Write,
  type Written,
} from './search.ts'
