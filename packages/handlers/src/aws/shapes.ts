/** Owns the shapes of what every adapter on AWS is told. */

import { port, required, type Shape, text } from '@spaceship/core/adapter'

/** A client of the SDK. */
export const client = (kind: string): Shape => port('send', `a ${kind}`)

/** The name of what an adapter works on. */
export const nameFor = (what: string): Shape => required(text(`the ${what}'s name`))
