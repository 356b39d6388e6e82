export { type S3, type S3Options, startS3 } from './s3.ts'
