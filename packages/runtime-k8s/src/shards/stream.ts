/** Owns how a stream is named: by its name in the client's account, or by its ARN, which may be of another account. */

/** What Kinesis takes for the name of a stream. */
const NAME = /^[\w.-]{1,128}$/
const ARN = /^arn:[^:]+:kinesis:[^:]*:[^:]*:stream\/([\w.-]{1,128})$/

/** Its name, wherever it is; undefined for what is neither a name nor an ARN. */
export function streamName(given: string): string | undefined {
  return NAME.test(given) ? given : ARN.exec(given)?.[1]
}

/** The parameter with which a request names it. */
export function streamAt(given: string): { readonly StreamName: string } | { readonly StreamARN: string } {
  return given.startsWith('arn:') ? { StreamARN: given } : { StreamName: given }
}

/** Beside a token or an iterator, which name their stream: one of another account has to be named again. */
export function arnOf(given: string): { readonly StreamARN?: string } {
  return given.startsWith('arn:') ? { StreamARN: given } : {}
}
