export { type Sns, startSns } from './sns.ts'
export type { SnsMessage } from './topics.ts'
