/** The room of the streams: kinesalite in-process behind a front. */

export { type LocalKinesis, startKinesis } from './start.ts'
