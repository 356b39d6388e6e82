/** The room of the streams: kinesalite in-process behind a front. */

export { type KinesisOptions, startKinesis } from './start.ts'
