/** Owns the shapes of what every adapter on AWS is told. */

import { plain, port, required, type Shape, text } from '@spaceship/core/adapter'

/** A client of the SDK. */
export const client = (kind: string): Shape => port('send', `a ${kind}`)

/** The name of what an adapter works on. */
export const nameFor = (what: string): Shape => required(text(`the ${what}'s name`))

export const arn = (what: string, pattern: RegExp): Shape =>
  required(plain(`the ARN of ${what}`, (given) => typeof given === 'string' && pattern.test(given)))

export const streamArn = arn('a Kinesis stream', /^arn:[^:]+:kinesis:[^:]*:[^:]*:stream\/.+/)

export const roleArn = arn('an IAM role', /^arn:[^:]+:iam::/)

/** Where something is that a template makes. */
export const place = {
  region: required(text("a region such as 'eu-west-1'")),
  account: required(text("an account's id such as '123456789012'")),
  partition: text("a partition such as 'aws'"),
}
