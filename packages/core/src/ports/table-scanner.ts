/** Items of one segment of a table, as attribute values; binary as bytes or as base64. */
export interface TablePage {
  readonly items: readonly Readonly<Record<string, unknown>>[]
  /** Of the next page; undefined if this is the last one of its segment. */
  readonly cursor: string | undefined
  /** The capacity that it took, in units: of the table's own counting. */
  readonly units: number
}

export interface PageOptions {
  /** From 0 on. */
  readonly segment: number
  /** Into so many the table is divided. */
  readonly segments: number
  /** Of the page before; without it the first page. */
  readonly cursor?: string
  /** Items to look at, at most. */
  readonly limit: number
}

/**
 * Reads all items of a table: a backfill runs on it.
 *
 * Obligations of an adapter:
 * - The read is strongly consistent: an item comes as some write has left it that was the last one at a moment after the call.
 * - An item that is there from the first page to the last is in exactly one page of exactly one segment.
 * - A page may have no items although more follow. It ends where its cursor says, so the same cursor gives the same place again.
 * - Backend failures are thrown classified: `Unavailable` for throttling and outages, with `setup` for what somebody has to mend.
 */
export interface TableScanner {
  page(table: string, options: PageOptions): Promise<TablePage>
  /** About how many items the table has, which may be hours old; undefined if that cannot be told. */
  size(table: string): Promise<number | undefined>
}
