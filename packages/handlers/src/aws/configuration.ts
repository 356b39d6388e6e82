/** Owns what every adapter on AWS checks of its options, for callers without types. */

/** A client of the SDK, and the name of what it works on. */
export function optionProblems(
  { client, ...names }: { readonly client: unknown } & Readonly<Record<string, unknown>>,
  kind: string,
): string[] {
  return [
    ...(typeof Object(client).send === 'function' ? [] : [`'client' is missing: pass a ${kind}`]),
    ...Object.entries(names)
      .filter(([, name]) => typeof name !== 'string' || name === '')
      .map(([option]) => `'${option}' is missing: give the ${option}'s name`),
  ]
}
