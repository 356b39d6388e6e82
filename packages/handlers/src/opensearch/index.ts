export type { Comparison, IndexKeeper } from './keeper.ts'
export type { FieldMapping } from './mapping.ts'
export { type CreateSearchOptions, createSearch } from './opensearch.ts'
export {
  createRebuild,
  type Rebuild,
  type RebuildOptions,
  type RebuildProgress,
  type RebuildResult,
  type RebuildRun,
} from './rebuild.ts'
export type { SearchClient } from './request.ts'
export type {
  Found,
  Hit,
  IndexOptions,
  PurgeOptions,
  Query,
  RemoveOptions,
  Search,
  SearchOptions,
} from './search.ts'
export { type SearchIndex, type SearchIndexOptions, searchIndex } from './search-index.ts'
export type { IndexVersion } from './versions.ts'
