/** The room of the wire: one small HTTP server that every endpoint of the embedded spaceship stands on. */

export {
  type AwsAnswer,
  type AwsCall,
  type AwsFault,
  awsCaller,
  awsRequest,
  type Fields,
  faultOf,
  faultReply,
  fieldsOf,
  isFault,
  isFields,
  JSON_TYPE,
  signed,
  targetOf,
} from './aws.ts'
export { drained } from './drain.ts'
export { json, parsed } from './json.ts'
export { decoded } from './path.ts'
export { type Reply, type Request, type Served, serve } from './serve.ts'
export { type Element, textsOf, xml } from './xml.ts'
