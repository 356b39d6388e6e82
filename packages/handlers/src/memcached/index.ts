export {
  type MemcachedReferences,
  type MemcachedReferencesOptions,
  memcachedReferences,
} from './references.ts'
