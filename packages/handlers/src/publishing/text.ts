/** Owns how a record's bytes become the text of a message: SQS and SNS carry text, and change in silence what XML does not hold. */

/** What XML 1.0 does not hold: https://www.w3.org/TR/REC-xml/#charsets */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters in question.
const REFUSED = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/
const NONCHARACTERS = /[\ufffe\uffff]/g

export interface MessageText {
  readonly text: string
  /** Of bytes that are no such text. */
  readonly encoding: 'base64' | undefined
}

/** JSON, and any other text that arrives as it is; base64 for the rest. */
export function textOf(data: Uint8Array): MessageText {
  const text = escaped(decoded(data))
  if (text === undefined || text === '' || REFUSED.test(text))
    return { text: Buffer.from(data).toString('base64'), encoding: 'base64' }
  return { text, encoding: undefined }
}

function decoded(data: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(data)
  } catch {
    return undefined
  }
}

/** In JSON a character can be written in letters that everybody takes. */
function escaped(text: string | undefined): string | undefined {
  if (text === undefined || text.search(NONCHARACTERS) === -1) return text
  try {
    JSON.parse(text)
  } catch {
    return text
  }
  return text.replace(NONCHARACTERS, (character) => `\\u${character.charCodeAt(0).toString(16)}`)
}

/** Whether a text arrives as it is. */
export const isCarried = (text: string): boolean => !REFUSED.test(text)
