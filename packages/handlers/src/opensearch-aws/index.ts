export { type AwsSigningOptions, awsSigning } from './signing.ts'
