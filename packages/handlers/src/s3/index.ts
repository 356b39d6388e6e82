export { type S3ArchiveOptions, s3Archive } from './archive.ts'
export type { BucketOptions } from './bucket.ts'
export { type S3DeadLettersOptions, s3DeadLetters } from './dead-letters.ts'
