/**
 * Texts of bytes. `toString` spends half of its time on finding the method that does it, which Buffer has had under these names
 * since Node 0.10 and has never documented: it is called directly where it is there.
 */

type Slice = (data: Buffer, start: number, end: number) => string

interface Slices {
  latin1Slice?(start: number, end: number): string
  utf8Slice?(start: number, end: number): string
}

const { latin1Slice, utf8Slice }: Slices = Buffer.prototype as Slices // asked before it is used

/** A character each, whatever the byte. */
export const latin1: Slice =
  latin1Slice === undefined
    ? (data, start, end) => data.toString('latin1', start, end)
    : (data, start, end) => latin1Slice.call(data, start, end)

/** The bytes must be UTF-8. */
export const utf8: Slice =
  utf8Slice === undefined
    ? (data, start, end) => data.toString('utf8', start, end)
    : (data, start, end) => utf8Slice.call(data, start, end)
