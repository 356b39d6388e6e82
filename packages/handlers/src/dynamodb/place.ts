/** Owns where items stand that others name: behind the application, with which each key of a shared table begins. */

/** `app/r/x` as `app/dead-letter/r/x`. */
export function placed(kind: string, name: string): string {
  const [application = '', ...rest] = name.split('/')
  return [application, kind, ...rest].join('/')
}

/** The name of what stands there. */
export function nameAt(key: string): string {
  const [application = '', , ...rest] = key.split('/')
  return [application, ...rest].join('/')
}

export function applicationOf(name: string): string {
  return name.split('/', 1)[0] ?? ''
}
