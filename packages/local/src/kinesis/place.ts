import { createDecipheriv } from 'node:crypto'

/** Those of kinesalite: an iterator is no secret. */
const KEY = Buffer.from('1133a5a833666b49abf28c8ba302930f0b2fb240dccd43cf4dfbc0ca91f17751', 'hex')
const START = Buffer.from('7bf139dbabbea2d9995d6fcae1dff7da', 'hex')

export interface Place {
  readonly stream: string
  readonly shard: string
}

/** Where an iterator stands; nothing for one that kinesalite refuses. */
export function placeOf(iterator: unknown): Place | undefined {
  if (typeof iterator !== 'string') return undefined
  try {
    const cipher = createDecipheriv('aes-256-cbc', KEY, START)
    const bytes = Buffer.from(iterator, 'base64').subarray(8)
    const [, stream, shard] = Buffer.concat([cipher.update(bytes), cipher.final()])
      .toString()
      .split('/')
    return stream === undefined || shard === undefined ? undefined : { stream, shard }
  } catch {
    return undefined
  }
}
