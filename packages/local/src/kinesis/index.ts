/** The room of the streams: kinesalite in-process behind a front. */

export { startKinesis } from './start.ts'
