/** First room: which routes want a record, and what each of them gets. */
export { type Explanation, explain } from './explain.ts'
export { dead, identityOf, match, type Place, type Subject, type Work } from './match.ts'
