import { answered, type Operation, replyTo, withInput } from './stage.ts'

/** The newer names for the tags of a stream. */
export const tagResource: Operation = ({ forward }, input, request) =>
  forward(withInput(request, input, 'AddTagsToStream'))

export const untagResource: Operation = ({ forward }, input, request) =>
  forward(withInput(request, input, 'RemoveTagsFromStream'))

export const listTagsForResource: Operation = async ({ call }, input) => {
  const answer = await call('ListTagsForStream', { ...input, Limit: 50 })
  return answer.ok ? answered({ Tags: answer.output.Tags }) : replyTo(answer)
}
