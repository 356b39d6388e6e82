export { type S3, startS3 } from './s3.ts'
