/**
 * Owns how the answers of Memcached's text protocol are read, in whatever pieces they come:
 *
 * ```
 * STORED\r\n                                          one line
 * VALUE key flags 5\r\nhello\r\nEND\r\n                items, each with its bytes, and a last line
 * CONFIG cluster 0 147\r\n12\nhost|ip|port\n\r\nEND\r\n  likewise, of ElastiCache
 * ```
 */

export interface Answer {
  /** The last line: `END`, `STORED`, `SERVER_ERROR out of memory storing object`. */
  readonly line: string
  readonly items: readonly Item[]
}

export interface Item {
  readonly key: string
  readonly data: Buffer
}

/** No line that Memcached answers is longer: a key has 250 bytes. */
const LONGEST_LINE = 2_048

/** An item has 1 MiB unless its server was told otherwise; one of ours is never larger. */
const LARGEST_ITEM = 1_048_576

const HEAD = /^(?:VALUE|CONFIG) (\S{1,250}) \d+ (\d{1,10})(?: \d+)?$/

/**
 * @param take gets each answer, in order
 * @returns what is given each piece as it comes. It throws for what is no answer: then nothing behind it can be read either.
 */
export function createReader(take: (answer: Answer) => void): (piece: Buffer) => void {
  let unread: Buffer = Buffer.alloc(0)
  let items: Item[] = []
  let head: { readonly key: string; readonly size: number } | undefined

  function readLine(): boolean {
    const end = unread.indexOf('\r\n')
    if (end > LONGEST_LINE || (end < 0 && unread.length > LONGEST_LINE))
      throw new Error('what the node answers is none of the protocol of Memcached: a line does not end')
    if (end < 0) return false
    const line = unread.toString('latin1', 0, end)
    unread = unread.subarray(end + 2)
    if (!/^(VALUE|CONFIG) /.test(line)) {
      take({ line, items })
      items = []
      return true
    }
    const [, key, digits] = HEAD.exec(line) ?? []
    const size = Number(digits)
    if (key === undefined || !(size <= LARGEST_ITEM))
      throw new Error('what the node answers is none of our items: its head is another, or it is too large')
    head = { key, size }
    return true
  }

  function readData({ key, size }: { readonly key: string; readonly size: number }): boolean {
    if (unread.length < size + 2) return false
    if (unread.toString('latin1', size, size + 2) !== '\r\n')
      throw new Error('what the node answers is longer or shorter than it says')
    items.push({ key, data: Buffer.from(unread.subarray(0, size)) })
    unread = unread.subarray(size + 2)
    head = undefined
    return true
  }

  return (piece) => {
    unread = unread.length === 0 ? piece : Buffer.concat([unread, piece])
    while (unread.length > 0 && (head === undefined ? readLine() : readData(head)));
  }
}
