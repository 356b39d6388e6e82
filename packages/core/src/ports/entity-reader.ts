/** Reads one row, strongly consistent. The engine calls it for each due reminder that has an `unless`. */
export interface EntityReader {
  /** @param key the key attributes and their values @returns the raw row (plain values), or undefined if there is none */
  read(
    table: string,
    key: Readonly<Record<string, unknown>>,
  ): Promise<Readonly<Record<string, unknown>> | undefined>
}
