/**
 * Reads one row. The engine calls it for each due reminder that has an `unless`, after claiming it.
 *
 * Obligations of an adapter:
 * - The read is strongly consistent: it sees every earlier write of the row, whoever made it.
 * - Values come plain: numbers as the entity wants them (`unmarshal` knows how), binary as `Uint8Array`, sets as `Set`, NULL as null.
 * - Backend failures are thrown classified: `Unavailable` for throttling and outages, with `setup` for what somebody has to mend;
 *   `Permanent` for what the request holds; anything else as it came.
 */
export interface EntityReader {
  /**
   * @param key the key attributes and their values
   * @param numbers the entity's own `numbers`. @default 'double'
   * @returns the raw row, or undefined if there is none
   */
  read(
    table: string,
    key: Readonly<Record<string, unknown>>,
    numbers?: 'double' | 'lossless',
  ): Promise<Readonly<Record<string, unknown>> | undefined>
  /**
   * Asks once, at the start of a process, for everything that the other methods will need. It uses only actions that the adapter says to
   * grant, and leaves nothing behind.
   *
   * @param tables whose rows will be read, and the names of their key attributes
   * @throws Unavailable with `setup` for what somebody has to mend: the start fails with it; without, for an outage: the start waits
   */
  check?(tables: readonly CheckedTable[]): Promise<void>
}

export interface CheckedTable {
  readonly table: string
  /** The partition key, and the sort key if there is one. */
  readonly key: readonly string[]
}
