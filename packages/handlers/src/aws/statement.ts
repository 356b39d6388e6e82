/** Owns the form of what a role may do: a statement of an IAM policy, as a template takes it. */

/** @example { Effect: 'Allow', Action: ['kinesis:PutRecord'], Resource: ['arn:aws:kinesis:eu-west-1:1:stream/a'] } */
export interface PolicyStatement {
  readonly Effect: 'Allow'
  readonly Action: readonly string[]
  readonly Resource: readonly string[]
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string>>>>
}

/** Whom a role trusts. */
export interface TrustStatement {
  readonly Effect: 'Allow'
  readonly Action: 'sts:AssumeRole'
  readonly Principal: { readonly Service: string }
  readonly Condition: Readonly<Record<string, Readonly<Record<string, string>>>>
}

export function allow(actions: readonly string[], resources: readonly string[]): PolicyStatement {
  return { Effect: 'Allow', Action: actions, Resource: resources }
}
