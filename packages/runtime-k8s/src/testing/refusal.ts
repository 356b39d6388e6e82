/** Owns how the fakes refuse: as the SDK throws what a service answers. */

export function refusal(name: string, message = name): Error {
  return Object.assign(new Error(message), { name, $fault: 'client', $metadata: { httpStatusCode: 400 } })
}

/** What the SDK throws when nothing has answered in time. */
export function timedOut(): Error {
  return Object.assign(new Error('no answer in time'), { name: 'TimeoutError', $metadata: {} })
}

export function aborted(): Error {
  return Object.assign(new Error('Request aborted'), { name: 'AbortError' })
}
